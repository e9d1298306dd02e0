import { ports } from '../../service/contract/index.ts';
import { downloadOf } from '../models/downloads.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import type { Destination } from './egress.ts';

/** Receivers of traces and of the payload log. */
const telemetryDestinations = ({ tracing, payloadLog }: ResolvedProps): readonly Destination[] => [
  ...(tracing === undefined ? [] : [{ ...tracing, url: tracing.endpoint }]),
  ...(payloadLog === undefined || payloadLog.to === 'stdout' ? [] : [{ ...payloadLog, url: payloadLog.to }]),
];

/** One entry for each prop that names URLs: what the pods connect to because of it. */
const implied: readonly ((props: ResolvedProps) => readonly Destination[])[] = [
  telemetryDestinations,
  ({ models }) => {
    const { url, podPort, privateNetwork } = downloadOf(models) ?? {};
    return url === undefined ? [] : [{ url, podPort, privateNetwork }];
  },
  // A shadow is a service like this one.
  ({ settings: { SHADOW_URL: url } }) => (url === undefined ? [] : [{ url, podPort: ports.http.number }]),
  ({ jwt }) => (jwt === undefined ? [] : [{ url: jwt.jwksUrl, podPort: jwt.jwksPodPort }]),
];

/** Returns what the pods connect to besides the cluster's DNS. */
export const destinations = (props: ResolvedProps): readonly Destination[] =>
  implied.flatMap((namedBy) => namedBy(props));
