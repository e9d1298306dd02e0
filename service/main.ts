// Process 1 of a container ignores a signal that nobody handles, and loading the libraries takes a while: handle it first.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0)); // nothing was accepted yet
const { main } = await import('./serve.ts');
await main(process.argv.slice(2));
