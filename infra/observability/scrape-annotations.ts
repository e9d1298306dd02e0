import { paths, ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';

/**
 * Annotations of the pods by which a Prometheus without the operator finds the metrics, if its configuration follows
 * this convention, as that of the Helm chart `prometheus-community/prometheus` does.
 *
 * @explains Deployment.spec.template.metadata.annotations["prometheus.io/scrape"]
 * @explains Deployment.spec.template.metadata.annotations["prometheus.io/port"]
 * @explains Deployment.spec.template.metadata.annotations["prometheus.io/path"]
 * @without A Prometheus without the operator does not find the metrics.
 * @setBy podAnnotations
 */
export const scrapeAnnotations: Labels = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(ports.management.number),
  'prometheus.io/path': paths.metrics,
};
