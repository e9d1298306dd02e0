/**
 * An inference process: runs one model for the process that started it, over a socket on file descriptor 3. It reads and
 * writes without the event loop, which takes less time, and waits without using the processor.
 */
import { readSync, writeSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { Session } from '../engine.ts';
import { onnxruntime } from '../onnxruntime.ts';
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

// A terminal sends these to every process of its group. The parent decides when to stop: this process then reads the
// end of the stream.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// Requests and probes get the processor first. The runtime's threads, created later, have the same priority.
try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Some sandboxes forbid it.
}

async function main(): Promise<void> {
  // A reader of its own, so that its buffer, with the model's bytes, can be freed.
  const first = new FrameReader(read).next();
  if (first === undefined) return;
  const session = await load(first);
  if (session === undefined) return;
  const reader = new FrameReader(read);
  for (let frame = reader.next(); frame; frame = reader.next()) write(await run(session, frame));
}

/** Loads the model, and responds with what it declares. Returns undefined if it cannot be loaded. */
async function load({ header, parts: [model, ...files] }: Frame): Promise<Session | undefined> {
  const { threads, externalData } = header as LoadRequest;
  try {
    const session = await onnxruntime.load(model ?? new Uint8Array(), {
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

async function run(session: Session, { header, parts }: Frame): Promise<Frame> {
  try {
    const { feeds, fetches } = header as RunRequest;
    const outputs = toParts(await session.run(fromParts(feeds, parts), fetches));
    return { header: { outputs: outputs.described } satisfies RunResponse, parts: outputs.parts };
  } catch (error) {
    return { header: toErrorResponse(error), parts: [] };
  }
}

function read(buffer: Buffer, offset: number, length: number): number {
  return readSync(socket, buffer, offset, length, null);
}

function write(frame: Frame): void {
  for (const piece of encodeFrame(frame)) {
    for (let start = 0; start < piece.byteLength;) start += writeSync(socket, piece, start);
  }
}

await main();
