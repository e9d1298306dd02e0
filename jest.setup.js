// A test that fails may leave something running in its process. That must not keep the process, and Jest, from ending.
process.once('disconnect', () => process.exit());
