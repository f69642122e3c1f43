import { expect, it } from 'vitest';
import { withPins } from '../../../src/sources/pin-text.ts';

const [A, B, C] = ['a'.repeat(8), 'b'.repeat(8), 'c'.repeat(8)];

it.each<[string, string, string]>([
  [
    'adds dotted keys where there is no pin',
    `# What it is
name = "x"

[[sources]]
kind = "http"   # releases
url = "https://example.org/{version}"

# The second choice.
[[sources]]
kind = "npm"
`,
    `# What it is
name = "x"

[[sources]]
kind = "http"   # releases
url = "https://example.org/{version}"
sha256.linux-x64 = "${A}"
sha256.darwin-arm64 = "${B}"

# The second choice.
[[sources]]
kind = "npm"
`,
  ],
  [
    'changes and adds dotted keys beside those that are there',
    `[[sources]]
kind = "http"
sha256.linux-x64 = "${C}"  # checked by hand
  sha256.linux-arm64 = "${C}"
archive = "tar.gz"
[files]
keep = ["a"]
`,
    `[[sources]]
kind = "http"
sha256.linux-x64 = "${A}"  # checked by hand
  sha256.linux-arm64 = "${C}"
  sha256.darwin-arm64 = "${B}"
archive = "tar.gz"
[files]
keep = ["a"]
`,
  ],
  [
    'changes an inline table',
    `[[sources]]
sha256 = { linux-x64 = "${C}", linux-arm64 = "${C}" } # pinned
kind = "http"
`,
    `[[sources]]
sha256 = { linux-x64 = "${A}", linux-arm64 = "${C}", darwin-arm64 = "${B}" } # pinned
kind = "http"
`,
  ],
  ['fills an empty inline table', `[[sources]]\nsha256 = {}\n`, `[[sources]]\nsha256 = { linux-x64 = "${A}", darwin-arm64 = "${B}" }\n`],
  [
    'changes a table of its own, also behind another one',
    `[[sources]]
kind = "http"

[sources.values.linux-x64]
os = "linux"

[sources.sha256]
# from the release page
linux-x64 = "${C}"

[[ports]]
name = "carbon"
`,
    `[[sources]]
kind = "http"

[sources.values.linux-x64]
os = "linux"

[sources.sha256]
# from the release page
linux-x64 = "${A}"
darwin-arm64 = "${B}"

[[ports]]
name = "carbon"
`,
  ],
  [
    'adds keys before the first sub-table',
    `[[sources]]
kind = "http"
platforms = [
  "linux-x64",
]

  [sources.values]
  linux-x64 = { os = "linux" }
`,
    `[[sources]]
kind = "http"
platforms = [
  "linux-x64",
]
sha256.linux-x64 = "${A}"
sha256.darwin-arm64 = "${B}"

  [sources.values]
  linux-x64 = { os = "linux" }
`,
  ],
])('%s', (_, before, after) => {
  expect(withPins(before, 0, 'sha256', { 'darwin-arm64': B, 'linux-x64': A })).toBe(after);
});

it('writes into the table it is told, and says the same when done twice', () => {
  const before = `[[sources]]\nkind = "http"\n\n[[sources]]\nkind = "npm"\n[sources.package]\nlinux-x64 = "p"\n`;
  const after = `[[sources]]\nkind = "http"\n\n[[sources]]\nkind = "npm"\nintegrity.linux-x64 = "${A}"\n[sources.package]\nlinux-x64 = "p"\n`;
  expect(withPins(before, 1, 'integrity', { 'linux-x64': A })).toBe(after);
  expect(withPins(after, 1, 'integrity', { 'linux-x64': A })).toBe(after);
});

it('refuses to write what would say something else', () => {
  // The header stands in a text here: the first real table is the second look-alike.
  const misleading = `description = """\n[[sources]]\n"""\n[[sources]]\nkind = "http"\n`;
  expect(() => withPins(misleading, 0, 'sha256', { 'linux-x64': A })).toThrow(/could not be written into its text/);
  expect(() => withPins('name = "x"\n', 0, 'sha256', { 'linux-x64': A })).toThrow(/number 1 could not be written/);
});
