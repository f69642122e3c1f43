import { join, relative } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { byCodeUnits } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { OpenBundle, TemplateFile } from '../bundle/open.ts';
import type { Settings } from '../contract/settings.ts';
import { render, templateContext } from '../manifest/context.ts';
import { OWN_TEMPLATES } from '../manifest/host-promises.ts';
import type { Manifest } from '../manifest/schema.ts';

/** A configuration file as dkm would write it now. */
export interface GeneratedFile {
  /** Relative to the installed directory, below `conf/`. */
  path: string;
  component: string;
  content: string;
}

export interface GenerateInput {
  bundle: Pick<OpenBundle, 'templates' | 'retention'>;
  /** The components whose templates are filled in, besides dkm's own, which every installation has. */
  components: readonly Pick<Manifest, 'name'>[];
  settings: Settings;
  layout: Layout;
}

/** Every configuration file of an installation, by path. Throws `manifest-invalid` when two components make the same one. Pure. */
export function generatedFiles({ bundle, components, settings, layout }: GenerateInput): GeneratedFile[] {
  const names = new Set([OWN_TEMPLATES, ...components.map(({ name }) => name)]);
  const files = bundle.templates
    .filter(({ component }) => names.has(component))
    .map((template) => ({
      path: installedPath(template, layout),
      component: template.component,
      content: filledIn(template, { bundle, settings, layout }),
    }))
    .sort((a, b) => byCodeUnits(a.path, b.path));
  refuseTwice(files);
  return files;
}

/** `templates/<component>/conf/x.toml.hbs` is installed as `conf/x.toml`. */
function installedPath({ component, path }: TemplateFile, layout: Layout): string {
  const installed = path.replace(/\.hbs$/, '');
  if (relative(layout.root, join(layout.root, installed)).startsWith(`conf/`)) return installed;
  throw new DkmError('manifest-invalid', `templates/${component}/${path}: expected a file below conf/, where everything that is generated goes.`);
}

function filledIn({ component, path, text }: TemplateFile, { bundle, settings, layout }: Omit<GenerateInput, 'components'>): string {
  return path.endsWith('.hbs') ? render(text, templateContext(component, settings, layout, bundle.retention), `templates/${component}/${path}`) : text;
}

function refuseTwice(files: readonly GeneratedFile[]): void {
  files.forEach(({ path, component }, index) => {
    const before = files[index - 1];
    if (before?.path === path) throw new DkmError('manifest-invalid', `templates: both ${before.component} and ${component} make ${path}.`);
  });
}
