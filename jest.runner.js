import LightRunner from 'jest-light-runner/child-process';

/**
 * jest-light-runner 0.7.12 sends a new worker its configuration once another one asks, and then forgets it. If it is
 * not listening yet, it asks in vain, and Jest waits for its test file forever. Here each request is answered to all:
 * those that have their configuration ignore it.
 */
class Runners extends Map {
  #globalConfig;

  constructor(globalConfig) {
    super();
    this.#globalConfig = globalConfig;
  }

  set(projectConfig, { pool }) {
    const workerData = { globalConfig: this.#globalConfig, projectConfig, runtime: 'child_process' };
    const listeners = new Set();
    const channel = {
      onMessage: (listener) => listeners.add(listener),
      postMessage: (message) => {
        if (message !== 'jest-light-runner-get-worker-data') return;
        for (const listener of listeners) listener({ type: 'jest-light-runner-worker-data', workerData });
      },
    };
    return super.set(projectConfig, { pool, run: ({ path }) => pool.run(path, { channel }) });
  }
}

export default class Runner extends LightRunner {
  constructor(globalConfig, ...rest) {
    super(globalConfig, ...rest);
    this._testRunners = new Runners(globalConfig);
  }
}
