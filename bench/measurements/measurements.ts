import { measureBusy } from './busy.ts';
import { measureColdStart } from './cold-start.ts';
import { measureConvolution } from './convolution.ts';
import { measureForest } from './forest.ts';
import { measureGrpc } from './grpc.ts';
import { measureImageSize } from './image-size.ts';
import { measureImage } from './image.ts';
import { measureIris } from './iris.ts';
import { measureLatency } from './latency.ts';
import { measureManyModels } from './many-models.ts';
import type { Measurement } from './measurement.ts';
import { measureMemory } from './memory.ts';
import { measureOverload } from './overload.ts';
import { measureSynth } from './synth.ts';

/** In the order in which they run. */
export const measurements: readonly Measurement[] = [
  { name: 'iris', what: 'throughput of the smallest model: bare Node, naive code, Rhizome', run: measureIris },
  { name: 'grpc', what: 'gRPC, against an older version of Rhizome', run: measureGrpc },
  { name: 'forest', what: 'a forest of 300 trees, against the runtime alone', run: measureForest },
  { name: 'convolution', what: 'a convolution net of about 10 ms, against the runtime alone', run: measureConvolution },
  { name: 'image', what: '224×224×3 float32 in and out, against the same bytes echoed', run: measureImage },
  { name: 'latency', what: 'latency of iris by offered load, open loop', run: measureLatency },
  { name: 'busy', what: 'probes and a fast model next to one that runs half a second', run: measureBusy },
  { name: 'overload', what: 'ten times what the server can do, open loop', run: measureOverload },
  { name: 'cold-start', what: 'process start to ready, in the layout of the image', run: measureColdStart },
  { name: 'many-models', what: '1, 10 and 100 models in one process', run: measureManyModels },
  { name: 'synth', what: 'manifests of 1, 10 and 100 services', run: measureSynth },
  { name: 'image-size', what: 'size of the image, if it was built', run: measureImageSize },
  { name: 'memory', what: 'resident memory: idle, loaded, and after ten minutes under load', run: measureMemory },
];
