/** What the packages of this repository use of each other beyond what is public: it may change with any release. */
export { Connector } from './connector/connector.ts';
export { Input } from './framing/input.ts';
export { bestMechanism, createLoop, type Mechanism, mechanisms } from './loops/mechanisms.ts';
export { planModel } from './server/model-plan.ts';
export { resolveOptions } from './server/resolve-options.ts';
export type { AnyProtocol } from './session/protocol.ts';
export { balances } from './workers/balance.ts';
export { type Isolation, isolations, type ModelDefinition, modelDefinitions } from './workers/models.ts';
export { provideOwnPackage } from './workers/own-package.ts';
export { loadProtocol } from './workers/protocol-module.ts';
