/**
 * The TypeScript type of a JSON Schema that is written `as const`. It covers the keywords that `schemas.ts` uses.
 *
 * @typeParam Named the types that `$ref` names: `#/components/schemas/Issue` is `Named['Issue']`
 */
export type FromSchema<Schema, Named> = Schema extends { readonly $ref: `#/components/schemas/${infer Name}` }
  ? Name extends keyof Named
    ? Named[Name]
    : never
  : Schema extends { readonly const: infer Value }
    ? Value
    : Schema extends { readonly enum: readonly (infer Value)[] }
      ? Value
      : Schema extends { readonly oneOf: readonly (infer Each)[] }
        ? FromSchema<Each, Named>
        : Schema extends { readonly type: infer Type }
          ? OfType<Schema, Type extends readonly (infer Each)[] ? Each : Type, Named>
          : unknown;

/** Distributes over `Type`, which is a union if the schema allows several types. */
type OfType<Schema, Type, Named> = Type extends 'string'
  ? string
  : Type extends 'number' | 'integer'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'array'
        ? OfArray<Schema, Named>
        : Type extends 'object'
          ? OfObject<Schema, Named>
          : never;

type OfArray<Schema, Named> = Schema extends { readonly items: infer Item; readonly minItems: 2; readonly maxItems: 2 }
  ? readonly [FromSchema<Item, Named>, FromSchema<Item, Named>]
  : Schema extends { readonly items: infer Item }
    ? readonly FromSchema<Item, Named>[]
    : readonly unknown[];

type OfObject<Schema, Named> = Schema extends { readonly properties: infer Properties }
  ? Flat<
      {
        readonly [Name in keyof Properties as Name extends RequiredOf<Schema> ? Name : never]: FromSchema<
          Properties[Name],
          Named
        >;
      } & {
        readonly [Name in keyof Properties as Name extends RequiredOf<Schema> ? never : Name]?: FromSchema<
          Properties[Name],
          Named
        >;
      }
    >
  : Readonly<Record<string, unknown>>;

/** One object type instead of an intersection, for editors to show. */
type Flat<Type> = { [Name in keyof Type]: Type[Name] };

type RequiredOf<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never;
