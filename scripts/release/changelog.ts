/**
 * The section of one version in a changelog of https://keepachangelog.com/en/1.1.0/.
 * @returns its text without the heading; undefined if there is no such section or it has no date
 */
export function sectionOf(changelog: string, version: string): { date: string; text: string } | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  for (const section of sections) {
    const [heading = '', ...lines] = section.split('\n');
    const [, name, date = ''] = /^\[([^\]]+)\] - (\d{4}-\d{2}-\d{2})$/.exec(heading) ?? [];
    if (name === version) return { date, text: lines.join('\n').trim() };
  }
  return undefined;
}
