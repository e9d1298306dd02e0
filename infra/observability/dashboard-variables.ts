import { metrics } from '../../service/contract/index.ts';
import { podMatchers, podPattern, type MonitoredService } from './promql.ts';

/** A variable that the reader of the dashboard chooses values of. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** The metric and the label that the values come from. */
  readonly query: string;
  /** The regular expression for all values. */
  readonly all: string;
}

/** Returns the variables of a service's dashboard. */
export function variablesOf(service: MonitoredService): readonly Variable[] {
  const values = (label: string): string => `label_values(${metrics.modelLoaded}{${podMatchers(service)}}, ${label})`;
  return [
    { name: 'model', label: 'Model', query: values('model'), all: '.*' },
    { name: 'pod', label: 'Pod', query: values('pod'), all: podPattern(service) },
  ];
}
