import { similarChoice, UsageError } from '@zocalo/command';
import { expected, parseText } from '@zocalo/command/settings';
import type { Setting, Settings } from 'zocalo/service';

/** The variable of the environment for a flag: `ZOCALO_MAX_CLIENTS`. */
export function variableFor(name: string): string {
  return `ZOCALO_${name.replaceAll('-', '_').toUpperCase()}`;
}

/**
 * The settings that variables of the environment give. A flag goes before them, also one that says otherwise what a variable does: a path
 * goes before a host and a port.
 * @param flags the settings that were given as flags
 * @throws UsageError that names the variable whose value cannot be used
 */
export function environmentSettings(
  settings: readonly Setting[],
  flags: Settings,
  environment: NodeJS.ProcessEnv = process.env,
): Settings {
  const found: Record<string, unknown> = {};
  for (const { name, type } of settings) {
    const variable = variableFor(name);
    const text = environment[variable];
    if (text === undefined || text === '' || flags[name] !== undefined || isOfKubernetes(text)) continue;
    if (flags.path !== undefined && (name === 'host' || name === 'port')) continue;
    if ((flags.host ?? flags.port) !== undefined && name === 'path') continue;
    const value = parseText(type, text);
    if (value === undefined) {
      const hint = similarChoice(type, text);
      throw new UsageError(`${variable} must be ${expected(type)}, not "${text}"${hint}`);
    }
    found[name] = value;
  }
  return found;
}

/** Kubernetes tells every container where a service named zocalo is, in a variable `ZOCALO_PORT`. */
function isOfKubernetes(text: string): boolean {
  return /^(?:tcp|udp|sctp):\/\//.test(text);
}

/**
 * A text with the variables that stand in it as `${NAME}` or `${NAME:-default}`; `$${` stands for `${`.
 * @throws UsageError for a variable that is not set and has no default, and for `${` that begins none
 */
export function substitute(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  return text.replace(/\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^}]*))?\})?/g, (found, name, otherwise) => {
    if (found === '$${') return '${';
    if (name === undefined) {
      throw new UsageError(
        `"${text}" has a \${ that is not of the form \${NAME} or \${NAME:-default}; write $\${ for \${ itself`,
      );
    }
    const value = environment[name];
    if (value !== undefined && (value !== '' || otherwise === undefined)) return value;
    if (otherwise !== undefined) return otherwise;
    throw new UsageError(`the variable ${name} in "${text}" is not set; \${${name}:-...} gives it a default`);
  });
}
