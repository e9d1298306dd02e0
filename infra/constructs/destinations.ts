import type { ResolvedProps } from '../props/resolved-props.ts';
import type { Destination } from './egress.ts';

/** One entry for each prop that names URLs: what the pods connect to because of it. */
const implied: readonly ((props: ResolvedProps) => readonly Destination[])[] = [];

/** Returns what the pods connect to besides the cluster's DNS. */
export const destinations = (props: ResolvedProps): readonly Destination[] =>
  implied.flatMap((namedBy) => namedBy(props));
