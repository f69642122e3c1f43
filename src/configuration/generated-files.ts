import { join, relative } from 'node:path';
import { alertsOf } from '../alerts/alerts.ts';
import { grafanaGroups, type GrafanaGroup } from '../alerts/grafana.ts';
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
  bundle: Pick<OpenBundle, 'templates' | 'retention' | 'manifests' | 'hostPromises'>;
  /** The components whose templates are filled in, besides dkm's own, which every installation has. */
  components: readonly Pick<Manifest, 'name'>[];
  settings: Settings;
  layout: Layout;
  /** The text of conf/promises.toml, where there is one: thresholds of alert rules are changed there. */
  promiseSettings: string | undefined;
}

/** Every configuration file of an installation, by path. Throws `manifest-invalid` when two components make the same one. Pure. */
export function generatedFiles({ bundle, components, settings, layout, promiseSettings }: GenerateInput): GeneratedFile[] {
  const names = new Set([OWN_TEMPLATES, ...components.map(({ name }) => name)]);
  const alerts = grafanaGroups(alertsOf({ manifests: bundle.manifests, host: bundle.hostPromises, settings, layout, promiseSettings }));
  const files = bundle.templates
    .filter(({ component }) => names.has(component))
    .map((template) => ({
      path: installedPath(template, layout),
      component: template.component,
      content: filledIn(template, { bundle, settings, layout, alerts }),
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

type Values = Pick<GenerateInput, 'bundle' | 'settings' | 'layout'> & { alerts: readonly GrafanaGroup[] };

function filledIn({ component, path, text }: TemplateFile, { bundle, settings, layout, alerts }: Values): string {
  if (!path.endsWith('.hbs')) return text;
  return render(text, templateContext(component, settings, layout, bundle.retention, alerts), `templates/${component}/${path}`);
}

function refuseTwice(files: readonly GeneratedFile[]): void {
  files.forEach(({ path, component }, index) => {
    const before = files[index - 1];
    if (before?.path === path) throw new DkmError('manifest-invalid', `templates: both ${before.component} and ${component} make ${path}.`);
  });
}
