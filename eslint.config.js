import tseslint from 'typescript-eslint';

/** One file may do what the others may not: the name of the thing, and where it belongs. */
const kept = (name, where) => ({ name, message: `Belongs in ${where} alone.` });

export default tseslint.config(
  { ignores: ['node_modules/', 'build/', 'dist/', 'vendor/', 'demo/', 'coverage/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: [kept('node:child_process', 'src/base/exec.ts'), kept('node-fetch', 'src/base/http.ts')] }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowNever: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  { files: ['src/base/exec.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['src/base/http.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'no-restricted-imports': 'off', 'no-console': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
