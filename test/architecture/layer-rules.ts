import type { IConfiguration } from 'dependency-cruiser';

/**
 * The layer rule: an import runs downward only. A layer may use itself, `errors.ts` and what stands before it.
 * Services are narrower: they see protocols and framings, never how clients are waited for.
 */
const layers: Record<string, string[]> = {
  sys: [],
  framing: [],
  admission: [],
  protocol: ['framing', 'admission'],
  testing: ['framing', 'admission', 'protocol'],
  loops: ['sys', 'framing', 'admission', 'protocol'],
  workers: ['sys', 'framing', 'admission', 'protocol', 'loops'],
  server: ['sys', 'framing', 'admission', 'protocol', 'loops', 'workers'],
  doctor: ['sys', 'framing', 'admission', 'protocol', 'loops', 'workers', 'server'],
  measure: ['sys', 'framing', 'admission', 'protocol', 'loops', 'workers', 'server'],
  services: ['framing', 'protocol'],
  client: ['sys', 'framing', 'admission', 'protocol', 'loops', 'workers', 'server'],
  cli: [
    'sys',
    'framing',
    'admission',
    'protocol',
    'loops',
    'workers',
    'server',
    'services',
    'client',
    'doctor',
    'measure',
  ],
};

const downward = Object.entries(layers).map(([layer, below]) => ({
  name: `${layer}-looks-down-only`,
  severity: 'error' as const,
  comment: `src/${layer} may import itself, errors.ts${below.map((name) => `, ${name}`).join('')}`,
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: `^src/(errors\\.ts$|(${[layer, ...below].join('|')})/)` },
}));

/** The parts of the name server, in the same way: of its own folder each sees these. */
const partsOfNames: Record<string, string[]> = {
  dns: [],
  hosts: ['dns'],
  upstream: ['dns'],
  resolver: ['dns', 'hosts', 'upstream'],
  lines: ['dns', 'resolver'],
};

const downwardInNames = Object.entries(partsOfNames).map(([part, below]) => ({
  name: `names-${part}-looks-down-only`,
  severity: 'error' as const,
  comment: `src/services/names/${part} may import itself${below.map((name) => `, ${name}`).join('')} of the service`,
  from: { path: `^src/services/names/${part}/` },
  to: { path: '^src/services/names/', pathNot: `^src/services/names/(${[part, ...below].join('|')})/` },
}));

export const layerRules: IConfiguration = {
  forbidden: [
    ...downward,
    ...downwardInNames,
    {
      name: 'errors-stand-alone',
      severity: 'error' as const,
      comment: 'errors.ts is the lowest layer',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'nothing-imports-the-index',
      severity: 'error' as const,
      comment: 'src/index.ts is the face of the package; inside, modules are imported from where they are',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'koffi-in-sys-only',
      severity: 'error' as const,
      comment: 'system calls are made in src/sys and nowhere else',
      from: { path: '^src/', pathNot: '^src/sys/' },
      to: { path: 'koffi' },
    },
    { name: 'no-circles', severity: 'error' as const, from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error' as const, from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'], conditionNames: ['import', 'default'] },
  },
};
