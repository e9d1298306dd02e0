/** The bodies of the Open Inference Protocol, as the service writes them and a client reads them. */
/* eslint-disable @typescript-eslint/no-empty-object-type -- a name for a derived type, for editors and the reference */
import type { FromSchema } from './json-schema.ts';
import type { inferenceSchemas } from './inference-schemas.ts';

type Schemas = typeof inferenceSchemas;
type Bodies = { readonly [Name in keyof Schemas]: FromSchema<Schemas[Name], Bodies> };
type Body<Name extends keyof Bodies> = Bodies[Name];

/** The protocol's names of the element types that Rhizome supports. */
export type Datatype = Bodies['V2Datatype'];

export interface ServerMetadata extends Body<'V2Server'> {}

/** Other servers of the protocol may leave `versions` out; this one always sends it. */
export interface ModelMetadata
  extends Omit<Bodies['V2Model'], 'versions'>, Partial<Pick<Bodies['V2Model'], 'versions'>> {}

export interface TensorMetadata extends Body<'V2Tensor'> {}

/** A model's configuration, as Triton describes models. */
export interface ModelConfig extends Body<'V2ModelConfig'> {}

/** What a version of a model has done since it was loaded, as Triton reports it. */
export interface ModelStatistics extends Body<'V2ModelStatistics'> {}

/** One version of a model in the repository index. */
export interface RepositoryIndexEntry extends Body<'V2IndexEntry'> {}
