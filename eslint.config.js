import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import importSort from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  [
    'AbortController AbortSignal Buffer TextDecoder TextDecoderStream TextEncoder URL URLSearchParams clearImmediate clearInterval clearTimeout',
    'console crypto fetch performance process queueMicrotask setImmediate setInterval setTimeout structuredClone',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name, 'readonly']),
);

export default defineConfig(
  { ignores: ['**/node_modules/**', '**/dist/**', '**/build/**', 'coverage/**', '**/.coverage-src/**'] },
  {
    ...js.configs.recommended,
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { globals: nodeGlobals },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { ...nodeGlobals, require: 'readonly', module: 'writable', exports: 'writable' },
    },
  },
  {
    // Built-in modules, packages, our own from far to near.
    plugins: { 'import-sort': importSort },
    rules: { 'import-sort/imports': ['error', { groups: [['^node:'], ['^@?\\w'], ['^\\.']] }] },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strict],
    languageOptions: {
      parserOptions: { project: ['packages/*/tsconfig.json', 'tsconfig.test.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A lost promise is a lost error: these few need types, the rest of the typed rules cost more than they find.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'no-restricted-syntax': [
        'error',
        { selector: "ImportSpecifier[importKind='type']", message: 'Write "import type { ... }" on a line of its own.' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // A test may claim what it has just looked at, and stub what it does not need.
    files: ['packages/*/test/**/*.ts', 'tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
);
