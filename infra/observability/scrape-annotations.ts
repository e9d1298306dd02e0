import { paths, ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';

/**
 * Annotations of the pods by which a Prometheus without the operator finds the metrics, if its configuration follows
 * this convention, as that of the Helm chart `prometheus-community/prometheus` does.
 */
export const scrapeAnnotations: Labels = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(ports.management.number),
  'prometheus.io/path': paths.metrics,
};
