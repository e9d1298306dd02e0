// Programs that tests start write colours only to terminals, also if this one has a terminal.
delete process.env.FORCE_COLOR;

// A test that fails may leave something running in its process. That must not keep the process, and Jest, from ending.
process.once('disconnect', () => process.exit());
