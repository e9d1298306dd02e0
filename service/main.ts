// Process 1 of a container ignores signals that it has no handler for. Loading the libraries takes a while, so the
// handlers come first.
let stop: (signal: NodeJS.Signals) => void = () => process.exit(0); // No request has been accepted yet.
// The handlers are never replaced: a signal that arrives in between would be lost.
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stop(signal);
  });
const { main } = await import('./serve.ts');
await main(process.argv.slice(2), (drain) => {
  stop = drain;
});
