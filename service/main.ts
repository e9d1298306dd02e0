// Process 1 of a container ignores a signal that nobody handles, and loading the libraries takes a while: handle it first.
let stop: (signal: NodeJS.Signals) => void = () => process.exit(0); // nothing was accepted yet
// One listener for good: a signal that is on its way while listeners change would be lost.
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stop(signal);
  });
const { main } = await import('./serve.ts');
await main(process.argv.slice(2), (drain) => {
  stop = drain;
});
