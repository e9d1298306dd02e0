import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { paths, ports } from '../../service/contract/index.ts';
import { TestClient } from '../../service/grpc/fixtures/server.ts';

/** Pauses between the requests of one loop. */
const PAUSE_MS = 40;
/** How long a response may take. */
const PATIENCE_MS = 8000;
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };

interface Output {
  readonly datatype: string;
  readonly contents?: { readonly int64_contents?: readonly (string | number)[] };
}

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** @default the port for HTTP */
  readonly port?: number;
  readonly agent?: Agent;
}

/** The kinds of good requests; each rejects unless it gets its right response. */
export class GoodRequests {
  readonly all: readonly (() => Promise<void>)[];
  readonly #host: string;
  readonly #patienceMs: number;
  readonly #agent: Agent;
  readonly #grpc: TestClient;

  /**
   * @param sockets how many connections to keep for HTTP
   * @param patienceMs a response that takes longer counts as lost
   */
  constructor(host: string, sockets = 1, patienceMs = PATIENCE_MS) {
    this.#host = host;
    this.#patienceMs = patienceMs;
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets });
    this.#grpc = new TestClient(`${host}:${ports.grpc.number}`);
    this.all = [
      () => this.#predict({ agent: this.#agent }),
      () => this.#predict({}),
      () => this.#probe(),
      () => this.#infer(),
    ];
  }

  close(): void {
    this.#agent.destroy();
    this.#grpc.client.close();
  }

  async #predict(options: Pick<Sent, 'agent'>): Promise<void> {
    const sent: Sent = { method: 'POST', path: paths.predictions, body: JSON.stringify([flower, flower]), ...options };
    const { status, text } = await send(this.#host, sent, this.#patienceMs);
    const predictions = (status === 200 ? JSON.parse(text) : []) as { readonly prediction: string }[];
    const names = predictions.map(({ prediction }) => prediction).join();
    if (names !== 'setosa,setosa') throw new Error(`a prediction got ${status}: ${text.slice(0, 300)}`);
  }

  async #probe(): Promise<void> {
    const { status, text } = await send(
      this.#host,
      { method: 'GET', path: paths.live, port: ports.management.number },
      this.#patienceMs,
    );
    if (status !== 200) throw new Error(`${paths.live} got ${status}: ${text.slice(0, 300)}`);
  }

  async #infer(): Promise<void> {
    const input = {
      name: 'X',
      datatype: 'FP32',
      shape: ['1', '4'],
      contents: { fp32_contents: Object.values(flower) },
    };
    const options = { deadline: Date.now() + this.#patienceMs };
    const { outputs } = await this.#grpc.call<{ readonly outputs: readonly Output[] }>(
      'ModelInfer',
      { model_name: 'iris', inputs: [input] },
      options,
    );
    const label = outputs.find(({ datatype }) => datatype === 'INT64')?.contents?.int64_contents?.join();
    if (label !== '0') throw new Error(`ModelInfer returned ${JSON.stringify(outputs)}`);
  }
}

/** A client that sends good requests until it is stopped, and checks each response. */
export class GoodClient {
  readonly failures: string[] = [];
  readonly #requests: GoodRequests;
  #answered = 0;
  #running = true;
  readonly #loops: Promise<void>[];

  private constructor(host: string) {
    this.#requests = new GoodRequests(host);
    this.#loops = this.#requests.all.map((one) => this.#repeat(one));
  }

  /** Returns a client after each kind of its requests has been served once. */
  static async start(host: string): Promise<GoodClient> {
    const client = new GoodClient(host);
    await client.answeredAgain();
    return client;
  }

  /** Resolves when the service predicts. Rejects with its log after 30 s. */
  static async untilServed(host: string, logs: () => Promise<string>): Promise<void> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const sent: Sent = { method: 'POST', path: paths.predictions, body: JSON.stringify(flower) };
      const response = await send(host, sent).catch(() => undefined);
      if (response?.status === 200) return;
      if (performance.now() > deadline) throw new Error(`The service does not predict. Its log:\n${await logs()}`);
      await delay(100);
    }
  }

  /** Resolves when as many requests as there are loops, twice, have been served from now on, or one has failed. */
  async answeredAgain(): Promise<void> {
    const enough = this.#answered + 2 * this.#loops.length;
    while (this.#answered < enough && this.failures.length === 0) await delay(PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    this.#requests.close();
  }

  async #repeat(one: () => Promise<void>): Promise<void> {
    while (this.#running) {
      try {
        await one();
        this.#answered++;
      } catch (error) {
        this.failures.push(String(error));
      }
      await delay(PAUSE_MS);
    }
  }
}

function send(
  host: string,
  { method, path, body, port = ports.http.number, agent }: Sent,
  patienceMs = PATIENCE_MS,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host, port, method, path, agent: agent ?? false },
        headers: body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': body.length },
        signal: AbortSignal.timeout(patienceMs),
      },
      (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject).on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      },
    );
    sent.on('error', (cause) => {
      reject(new Error(`${method} ${path} failed: ${cause.message}`, { cause }));
    });
    sent.end(body);
  });
}
