import { ports } from '../../service/contract/index.ts';
import { downloadOf } from '../models/downloads.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import type { Destination } from './egress.ts';

/** Receivers of traces and of the payload log. */
const telemetryDestinations = ({ tracing, payloadLog }: ResolvedProps): readonly Destination[] => [
  ...(tracing === undefined ? [] : [{ ...tracing, url: tracing.endpoint }]),
  ...(payloadLog === undefined || payloadLog.to === 'stdout' ? [] : [{ ...payloadLog, url: payloadLog.to }]),
];

/**
 * What the pods connect to besides the cluster's DNS: the receivers of traces and of the payload log, the server of the
 * models, a shadow, and the keys of tokens. There is an entry for each prop that names URLs.
 *
 * @explains NetworkPolicy.spec.egress[].**
 * @without These connections fail: traces are lost, models are not downloaded, and tokens are refused.
 * @setBy tracing
 * @setBy payloadLog
 * @setBy models
 * @setBy settings
 * @setBy jwt
 */
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
