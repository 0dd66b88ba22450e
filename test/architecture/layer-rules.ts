import type { IConfiguration } from 'dependency-cruiser';

/** Folders that depend on each other in one direction: each may import itself and those that are named. */
type Layers = Readonly<Record<string, readonly string[]>>;

/** The library. Each layer may also use the files that stand beside the folders. */
const library: Layers = {
  sys: [],
  framing: [],
  admission: [],
  session: ['framing', 'admission'],
  service: ['framing', 'session'],
  testing: ['framing', 'admission', 'session'],
  loops: ['sys', 'framing', 'admission', 'session'],
  tls: ['sys', 'session'],
  workers: ['sys', 'framing', 'admission', 'session', 'tls', 'loops'],
  connector: ['sys', 'framing', 'admission', 'session', 'loops', 'workers'],
  server: ['sys', 'framing', 'admission', 'session', 'tls', 'loops', 'workers', 'connector'],
};

const nameServer: Layers = {
  dns: [],
  hosts: ['dns'],
  upstream: ['dns'],
  resolver: ['dns', 'hosts', 'upstream'],
  lines: ['dns', 'resolver'],
};

/** The SQL service. Each layer may also use the files that stand below the folders. */
const sql: Layers = {
  types: [],
  parse: [],
  wire: ['types'],
  functions: ['types'],
  catalog: ['types', 'parse', 'functions'],
  dialect: ['types', 'parse', 'wire', 'catalog'],
  engine: ['types', 'wire'],
  session: ['types', 'parse', 'wire', 'catalog', 'dialect', 'engine'],
  lines: ['types', 'wire', 'engine'],
  import: ['types'],
};

const ring: Layers = {
  protocol: [],
  journal: ['protocol'],
  node: ['protocol', 'journal', 'control'],
  control: ['protocol', 'journal'],
  command: ['protocol', 'journal', 'node', 'control'],
};

const files: Layers = { server: [], client: [], command: ['client'] };

/** What is measured, and how: the folders of the instrument. */
const bench: Layers = {
  load: [],
  runner: ['load'],
  report: ['load'],
  sweep: ['load', 'runner', 'report'],
};

const cli: Layers = {
  settings: [],
  plugins: [],
  serving: ['settings', 'plugins'],
  client: [],
  doctor: [],
  commands: ['settings', 'plugins', 'serving', 'client', 'doctor'],
};

/** What each package may import of the others, by their exports alone. */
const packages: Layers = {
  zocalo: [],
  command: ['zocalo'],
  services: ['zocalo', 'command'],
  names: ['zocalo'],
  sql: ['zocalo', 'command'],
  ring: ['zocalo', 'command'],
  bench: ['zocalo', 'command'],
  cli: ['zocalo', 'command', 'services', 'names', 'sql', 'ring', 'bench'],
};

/** Beside the folders of the library, and below them all; the same of the SQL service. */
const besideFolders = '(errors|option-checks|closest-name)\\.ts$';
const besideSqlFolders = '(sql-error|own-value)\\.ts$';

function downward(root: string, layers: Layers, besides = ''): IConfiguration['forbidden'] {
  return Object.entries(layers).map(([layer, below]) => ({
    name: `${root}/${layer} imports downward only`,
    severity: 'error' as const,
    comment: `it may import itself${below.map((name) => `, ${name}`).join('')}`,
    from: { path: `^${root}/${layer}/` },
    to: {
      path: `^${root}/`,
      pathNot: `^${root}/(${besides === '' ? '' : `${besides}|`}(${[layer, ...below].join('|')})/)`,
    },
  }));
}

const betweenPackages = Object.entries(packages).map(([name, below]) => ({
  name: `${name} imports packages below it only`,
  severity: 'error' as const,
  comment: `it may import itself${below.map((each) => `, ${each}`).join('')}`,
  from: { path: `^packages/${name}/src/` },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...below].join('|')})/src/` },
}));

export const layerRules: IConfiguration = {
  forbidden: [
    ...betweenPackages,
    ...(downward('packages/zocalo/src', library, besideFolders) ?? []),
    ...(downward('packages/names/src', nameServer) ?? []),
    ...(downward('packages/sql/src', sql, besideSqlFolders) ?? []),
    ...(downward('packages/ring/src', ring) ?? []),
    ...(downward('packages/bench/src', bench, 'package-module\\.ts$') ?? []),
    ...(downward('packages/services/src/files', files) ?? []),
    ...(downward('packages/cli/src', cli, 'help-text\\.ts$') ?? []),
    {
      name: 'errors-stand-alone',
      severity: 'error' as const,
      comment: 'errors.ts is the lowest layer',
      from: { path: '^packages/zocalo/src/errors\\.ts$' },
      to: { path: '^packages/' },
    },
    {
      name: 'option-checks-look-down-only',
      severity: 'error' as const,
      comment: 'option-checks.ts and closest-name.ts stand below every folder',
      from: { path: '^packages/zocalo/src/(option-checks|closest-name)\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/zocalo/src/(errors|closest-name)\\.ts$' },
    },
    {
      name: 'nothing-imports-its-own-index',
      severity: 'error' as const,
      comment: 'what a package exports is for others; inside, modules are imported from where they are',
      from: { path: '^packages/zocalo/src/' },
      to: { path: '^packages/zocalo/src/(index|internal|sys/index|service/index|testing/index)\\.ts$' },
    },
    {
      name: 'packages-import-exports',
      severity: 'error' as const,
      comment: 'another package is imported by its name, never by a path',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'koffi-in-sys-only',
      severity: 'error' as const,
      comment: 'system calls are made in sys and nowhere else',
      from: { path: '^packages/', pathNot: '^packages/(zocalo/src/sys|test-support)/' },
      to: { path: 'koffi' },
    },
    { name: 'no-circles', severity: 'error' as const, from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error' as const, from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['@zocalo/source', 'import', 'default'],
    },
  },
};
