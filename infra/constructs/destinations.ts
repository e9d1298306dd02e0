import { downloadOf } from '../models/downloads.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import type { Destination } from './egress.ts';

/** One entry for each prop that names URLs: what the pods connect to because of it. */
const implied: readonly ((props: ResolvedProps) => readonly Destination[])[] = [
  ({ models }) => {
    const { url, podPort, privateNetwork } = downloadOf(models) ?? {};
    return url === undefined ? [] : [{ url, podPort, privateNetwork }];
  },
];

/** Returns what the pods connect to besides the cluster's DNS. */
export const destinations = (props: ResolvedProps): readonly Destination[] =>
  implied.flatMap((namedBy) => namedBy(props));
