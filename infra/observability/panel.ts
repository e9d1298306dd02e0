/** One line of a panel. */
export interface Query {
  readonly expr: string;
  /** The line's name. May refer to labels: `{{model}}`. */
  readonly legend: string;
}

/** Where values begin to be of concern. */
export interface Threshold {
  readonly from: number;
  readonly color: 'orange' | 'red';
}

/** A panel of the dashboard. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries';
  /** Grafana's name of the unit. */
  readonly unit: string;
  /** Values from which a line, or a stat's number, has another colour, ascending. @default none */
  readonly thresholds?: readonly Threshold[];
  /** Whether the lines are areas on top of each other. @default false */
  readonly stacked?: boolean;
  readonly queries: readonly Query[];
}

/** Panels under a heading, four stats or two graphs side by side. */
export interface PanelRow {
  readonly title: string;
  readonly panels: readonly Panel[];
}
