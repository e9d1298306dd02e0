/** A line of a panel: its values at each step, null where there is none. */
export interface RecordedSeries {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** A panel as Grafana would place it, with what Prometheus answered to its queries. */
export interface RecordedPanel {
  readonly title: string;
  readonly type: 'row' | 'stat' | 'timeseries';
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly unit: string;
  readonly stacked: boolean;
  /** Values from which another color begins. */
  readonly thresholds: readonly { readonly from: number; readonly color: string }[];
  readonly queries: readonly string[];
  readonly series: readonly RecordedSeries[];
}

/** What docs/dashboard.json holds: a dashboard, and what its queries returned. */
export interface Recording {
  readonly title: string;
  /** When it begins, in seconds since 1970. */
  readonly from: number;
  readonly stepSeconds: number;
  readonly steps: number;
  /** The dashboard's variables and their values. */
  readonly variables: readonly { readonly label: string; readonly value: string }[];
  readonly panels: readonly RecordedPanel[];
}
