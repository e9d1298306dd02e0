/** One line of a panel. */
export interface Query {
  readonly expr: string;
  /** The line's name. May refer to labels: `{{model}}`. */
  readonly legend: string;
}

/** A panel of the dashboard. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries';
  /** Grafana's name of the unit. */
  readonly unit: string;
  readonly queries: readonly Query[];
}

/** Panels under a heading, four stats or two graphs side by side. */
export interface PanelRow {
  readonly title: string;
  readonly panels: readonly Panel[];
}
