import fc from 'fast-check';
import type { Described } from '../fixtures/trainers/named.fixture.ts';
import type { TrainedModel } from '../fixtures/trainers/trainers.fixture.ts';

/** A request that has to be refused. */
export interface BadRequest {
  /** The kind of mistake, for the message of a failed test. */
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly status: number;
  /** What the answer has to name: the tensor or field. */
  readonly names?: string;
}

/** A model to ask wrongly, and what the service says of it. */
export interface Target extends TrainedModel {
  readonly described: Described;
  /** Also served without its name. */
  readonly isDefault: boolean;
}

/** Draws from arbitraries, so that a seed gives the same requests again. */
export class Chance {
  readonly #draw: fc.GeneratorValue;

  constructor(draw: fc.GeneratorValue) {
    this.#draw = draw;
  }

  upTo(most: number): number {
    return this.#draw(fc.nat, most);
  }

  of<T>(arbitrary: () => fc.Arbitrary<T>): T {
    return this.#draw(arbitrary);
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.upTo(list.length - 1)] as T;
  }

}

// One arbitrary each for all draws: to make one costs more than to draw from it.
const texts = fc.string({ unit: 'binary', maxLength: 40 });
const values = fc.jsonValue({ maxDepth: 3 });
const letters = fc.string({ maxLength: 30 });
export const anyText = () => texts;
export const anyJson = () => values;
const anyLetters = () => letters;

/** Bodies that are no JSON, or none that a service should walk. */
export function notJson(chance: Chance, good: Buffer): Pick<BadRequest, 'what' | 'body'> {
  const depth = 10 ** (2 + chance.upTo(1)) * (1 + chance.upTo(19));
  return chance.pick([
    () => ({ what: 'cut short', body: good.subarray(0, chance.upTo(good.length - 1)) }),
    () => ({ what: 'not JSON', body: `]${chance.of(anyLetters)}` }),
    () => ({ what: 'invalid UTF-8', body: Buffer.concat([good.subarray(0, -1), Buffer.from([0xFF, 0xC0, 0x80]), good.subarray(-1)]) }),
    () => ({ what: 'a name of invalid UTF-8', body: Buffer.concat([Buffer.from('{"'), Buffer.from([0xED, 0xA0, 0x80]), Buffer.from('":1}')]) }),
    () => ({ what: 'NaN as JSON lacks it', body: '{"x":NaN}' }),
    () => ({ what: 'nested without end', body: chance.pick(['[', '{"a":', '[{"__proto__":']).repeat(depth) }),
  ])();
}
