// The floor of the start: loads the runtime and a model, and says so.
import { InferenceSession } from 'onnxruntime-node';

await InferenceSession.create(process.argv[2], { intraOpNumThreads: 1, interOpNumThreads: 1 });
process.stdout.write('ready\n');
