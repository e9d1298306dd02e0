import { resolveSignature } from '../../onnx/signature/signature.ts';
import { declarations } from './declarations.ts';

test('an image is a text in base64, and a response lists some of the classes', () => {
  const signature = resolveSignature(
    { name: 'photo' },
    {
      inputs: [{ name: 'image', dtype: 'float32', shape: ['N', 3, 8, 8] }],
      outputs: [
        { name: 'logits', dtype: 'float32', shape: ['N', 3] },
        { name: 'label', dtype: 'int64', shape: ['N'] },
      ],
    },
    { labels: new Map(), ranked: { source: 'logits', label: 'label', probabilities: 'logits' } },
    {
      features: [{ name: 'image', description: 'The animal', decode: { image: {} } }],
      classes: ['cat', 'dog', 'cow'],
      outputs: { logits: { classes: { top: 2 } } },
    },
  );
  const source = declarations([signature]);
  expect(source).toContain('/** The animal. A JPEG, PNG or WebP in base64. */\n  readonly image: string;');
  expect(source).toContain('readonly probabilities: Readonly<Partial<Record<PhotoClass, number>>>;');
});
