/** The pictures in docs/, and the rows of the dashboard that each shows. */
export const pictures: Readonly<Record<string, readonly string[]>> = {
  dashboard: ['At a glance', 'Requests', 'Drift'],
  'dashboard-models': ['Models', 'Replicas'],
};
