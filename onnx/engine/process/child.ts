/**
 * An inference process: runs one model for the process that started it, over a socket on file descriptor 3. It reads
 * and writes without the event loop, which takes less time, and waits without using the processor.
 */
import { readSync, writeFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { EngineError, type Session } from '../engine.ts';
import { freeMemory } from '../free-memory.ts';
import { onnxruntimeOn } from '../onnxruntime.ts';
import { FrameReader } from './frame-reader.ts';
import { encodeFrame, type Frame } from './frames.ts';
import {
  fromParts,
  toErrorResponse,
  toParts,
  type LoadRequest,
  type LoadResponse,
  type RunRequest,
  type RunResponse,
} from './messages.ts';

const socket = 3;
/** Node reads and writes less than 2 GiB in one call. */
const mostAtOnce = 2 ** 30;

// A terminal sends these to every process of its group. The parent decides when to stop: this process then reads the
// end of the stream.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

/**
 * Ends this process if its parent is gone during a run; between runs, the end of the stream does. Process 1, the parent
 * in a container, needs no watching: the kernel ends all processes of the container with it.
 */
function watchParent(): void {
  const parent = process.ppid;
  if (parent === 1) return;
  const watch = `
    const never = new Int32Array(new SharedArrayBuffer(4));
    while (process.ppid === ${parent}) Atomics.wait(never, 0, 0, 500);
    process.kill(process.pid, 'SIGKILL');`;
  const limits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 };
  new Worker(watch, { eval: true, execArgv: [], resourceLimits: limits });
}

/** If the memory of the machine or container runs out, the kernel ends this process, not the one that serves. */
function volunteer(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux.
  }
}

async function main(): Promise<void> {
  const reader = new FrameReader(read);
  const first = reader.next();
  if (first === undefined) return;
  const session = await load(first);
  if (session === undefined) return;
  const { mostOutputBytes = Infinity } = first.header as LoadRequest;
  // The model's file is not needed any more.
  reader.free();
  for (let frame = reader.next(); frame; frame = reader.next()) {
    const response = await run(session, frame, mostOutputBytes);
    write(response);
    for (const part of response.parts) freeMemory(part);
  }
}

/** Loads the model, and responds with what it declares. Returns undefined if it cannot be loaded. */
async function load({ header, parts: [model, ...files] }: Frame): Promise<Session | undefined> {
  const { threads, externalData, provider } = header as LoadRequest;
  try {
    const session = await onnxruntimeOn(provider).load(model ?? new Uint8Array(), {
      threads,
      externalData: files.map((data, index) => ({ path: externalData[index] ?? '', data })),
    });
    write({ header: { inputs: session.inputs, outputs: session.outputs } satisfies LoadResponse, parts: [] });
    return session;
  } catch (error) {
    write({ header: toErrorResponse(error), parts: [] });
    return undefined;
  }
}

async function run(session: Session, { header, parts }: Frame, mostOutputBytes: number): Promise<Frame> {
  try {
    const { feeds, fetches } = header as RunRequest;
    const outputs = toParts(await session.run(fromParts(feeds, parts), fetches));
    const bytes = outputs.parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytes > mostOutputBytes) throw new EngineError('outputs-too-large', `its outputs have ${bytes} bytes`);
    return { header: { outputs: outputs.described } satisfies RunResponse, parts: outputs.parts };
  } catch (error) {
    return { header: toErrorResponse(error), parts: [] };
  }
}

function read(buffer: Buffer, offset: number, length: number): number {
  return readSync(socket, buffer, offset, Math.min(length, mostAtOnce), null);
}

function write(frame: Frame): void {
  for (const piece of encodeFrame(frame)) {
    for (let start = 0; start < piece.byteLength;) start += writeSync(socket, piece, start);
  }
}

watchParent();
volunteer();
try {
  await main();
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  // The parent is gone.
  if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
}
// The watching thread would keep the process alive.
process.exit();
