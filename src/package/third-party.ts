import type { BundledComponent } from '../contract/bundle.ts';
import { asksForSource } from './licences.ts';
import type { NpmPackage } from './npm-packages.ts';

const HEADING = `# What is in this bundle, and whose it is

dkm's own source code is under the Apache License 2.0; its text is in dkm/LICENSE. Everything else belongs to
others. Their licence texts are in the folder of the same name, those of npm packages below dkm/npm/.
`;

/** licenses/THIRD-PARTY.md. Pure. */
export function thirdPartyList(components: readonly BundledComponent[], packages: readonly NpmPackage[]): string {
  const parts = [
    HEADING,
    section(
      'Components',
      components
        .filter(({ source }) => source !== 'built-in')
        .map(({ name, version, licence, artifacts }) => [name, version, licence, artifacts.map(({ origin }) => origin).join(', ')]),
    ),
    section(
      'npm packages in the executable and in the console’s page',
      packages.map(({ name, version, licence, repository }) => [name, version, licence, repository]),
    ),
    sourceSection(components, packages),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const lines = [['Name', 'Version', 'Licence', 'From'], ['---', '---', '---', '---'], ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `## ${title}\n\n${lines.join('\n')}\n`;
}

function sourceSection(components: readonly BundledComponent[], packages: readonly NpmPackage[]): string {
  const concerned = [
    ...components.filter(({ licence }) => asksForSource(licence)).map(({ name, version, licence }) => `- ${name} ${version} (${licence})`),
    ...packages
      .filter(({ licence }) => asksForSource(licence))
      .map(
        ({ name, version, licence, repository }) =>
          `- ${name} ${version} (${licence}), inside the executable; its source: ${repository}. It is used as published, but for the names of its own files.`,
      ),
  ];
  if (concerned.length === 0) return '';
  return `## Licences that ask for the source code\n\nWho passes this bundle on passes on these too, and owes their source code to whoever receives it:\n\n${concerned.join('\n')}\n`;
}
