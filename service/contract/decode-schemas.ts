import type {
  ImageCentering,
  ImageColor,
  ImageFit,
  ImageInterpolation,
  ImageLayout,
} from '../../onnx/signature/image.ts';

/** Height and width in pixels. */
const size = { type: 'array', minItems: 2, maxItems: 2, items: { type: 'integer' } } as const;

/** Schemas of what makes tensors of the values in a request. */
export const decodeSchemas = {
  ImageDecode: {
    type: 'object',
    description: 'How an image becomes a tensor: it is oriented, resized, cropped or padded, scaled and normalized.',
    required: [
      'resize',
      'crop',
      'centering',
      'fit',
      'padding',
      'interpolation',
      'layout',
      'color',
      'scale',
      'mean',
      'std',
      'maxBytes',
      'maxPixels',
    ],
    properties: {
      resize: { ...size, description: 'Height and width to which the image is resized.' },
      crop: { ...size, description: 'Height and width of the tensor, from the center of the resized image.' },
      centering: {
        type: 'string',
        enum: ['round', 'floor'] satisfies readonly ImageCentering[],
        description: 'How the offset of the center is rounded if it is not a whole number.',
      },
      fit: { type: 'string', enum: ['crop', 'stretch', 'pad'] satisfies readonly ImageFit[] },
      padding: { type: 'integer', description: 'The value of the pixels around an image with the fit `pad`.' },
      interpolation: {
        type: 'string',
        enum: ['bilinear', 'bicubic', 'lanczos'] satisfies readonly ImageInterpolation[],
      },
      layout: { type: 'string', enum: ['NCHW', 'NHWC', 'NHW'] satisfies readonly ImageLayout[] },
      color: { type: 'string', enum: ['RGB', 'BGR', 'gray'] satisfies readonly ImageColor[] },
      scale: { type: 'number', description: 'Divides the pixels, which are from 0 to 255.' },
      mean: { type: 'array', items: { type: 'number' }, description: 'Subtracted from each channel after that.' },
      std: { type: 'array', items: { type: 'number' }, description: 'Divides each channel after that.' },
      maxBytes: { type: 'integer', description: 'The most bytes of an image file.' },
      maxPixels: { type: 'integer', description: 'The most pixels of an image.' },
    },
  },
  TokensDecode: {
    type: 'object',
    description: 'How a text becomes tokens.',
    required: ['tokenizer', 'inputs'],
    properties: {
      tokenizer: { type: 'string', description: 'The file of the tokenizer, next to the model.' },
      maxLength: { type: 'integer', description: 'The most tokens of a text. The rest is cut off.' },
      inputs: {
        type: 'object',
        description: 'The names of the inputs that a text becomes.',
        required: ['ids'],
        properties: { ids: { type: 'string' }, mask: { type: 'string' }, types: { type: 'string' } },
      },
      length: { type: 'integer', description: 'The number of tokens that every text is filled up to.' },
    },
  },
} as const;
