import { differs, type Answer } from '../../onnx/answer.ts';
import { paths } from '../../service/contract/index.ts';
import { keyHeader, modelExamples } from '../steps/predict.ts';
import type { LoadRequest } from './attempt.ts';

/** The model's examples as a load: every answer has to be the one that model.json says. */
export async function loadOfExamples(root: string, url: string, model?: string): Promise<{
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly requests: readonly LoadRequest[];
}> {
  const examples = await modelExamples(root, model);
  return {
    url: `${url}${paths.predictions}`,
    headers: keyHeader(),
    requests: examples.map((example) => ({ body: JSON.stringify(example.input), isRight: (answer) => differs(example, answer as Answer) === undefined })),
  };
}
