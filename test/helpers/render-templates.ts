import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listTree } from '../../src/base/files.ts';
import { render, type TemplateContext } from '../../src/manifest/context.ts';

/** Every file a component's templates make, by its path in the installed directory; none where it has no templates. */
export async function renderTemplates(component: string, context: TemplateContext): Promise<Map<string, string>> {
  const folder = join(import.meta.dirname, '../../templates', component);
  const rendered = new Map<string, string>();
  if (!existsSync(folder)) return rendered;
  for (const file of await listTree(folder)) {
    const text = await readFile(join(folder, file), 'utf8');
    rendered.set(file.replace(/\.hbs$/, ''), file.endsWith('.hbs') ? render(text, context, `templates/${component}/${file}`) : text);
  }
  return rendered;
}
