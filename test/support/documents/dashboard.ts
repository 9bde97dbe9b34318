import { readFileSync } from 'node:fs';
import { repositoryPath } from './crd.ts';

/** A panel of config/grafana/dashboard.json that shows something. */
export interface Panel {
  type: string;
  title: string;
  id: number;
  description?: string;
  targets?: { expr: string }[];
}

/** All panels of the dashboard but the headings of its rows. */
export function dashboardPanels(): Panel[] {
  const { panels } = JSON.parse(readFileSync(repositoryPath('config/grafana/dashboard.json'), 'utf8')) as {
    panels: Panel[];
  };
  return panels.filter(({ type }) => type !== 'row');
}

/** The title of a panel and what it asks, for each question of each panel. */
export function dashboardQueries(): [title: string, expr: string][] {
  return dashboardPanels().flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr]),
  );
}
