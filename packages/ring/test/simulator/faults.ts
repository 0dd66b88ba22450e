import { noteEpoch } from '../../src/protocol/handshake.ts';
import { sendTo } from '../../src/protocol/unacknowledged.ts';
import type { Process } from './process.ts';
import type { Fault } from './scenario.ts';
import type { Simulation } from './simulation.ts';

/** How often it is checked whether something has come about, in virtual milliseconds. */
export const CHECK_INTERVAL_MS = 25;

/** Makes a fault happen now, and end when its time is over. */
export function inject(simulation: Simulation, fault: Fault): void {
  const target = 'node' in fault ? simulation.listening[fault.node] : undefined;
  const lasting = 'for' in fault && fault.for !== undefined ? fault.for : undefined;
  const after = (undo: () => void) => {
    if (lasting === undefined) return;
    simulation.at(simulation.now + lasting, () => {
      undo();
      simulation.changed();
    });
  };
  switch (fault.type) {
    case 'crash':
      if (target === undefined) break;
      simulation.crash(target, fault.silent);
      after(() => simulation.restart(fault.node));
      break;
    case 'crash-at-sync':
      if (target !== undefined) target.crashAtRecord = { restartAfter: fault.for, afterSync: fault.after };
      after(() => {
        if (target !== undefined) target.crashAtRecord = undefined;
      });
      break;
    case 'stall':
      if (target !== undefined) simulation.stall(target, fault.for);
      break;
    case 'cut': {
      const { from, to, oneWay } = fault;
      const change = (by: 1 | -1) => {
        simulation.network.cut(from, to, by);
        if (!oneWay) simulation.network.cut(to, from, by);
      };
      change(1);
      after(() => change(-1));
      break;
    }
    case 'partition': {
      const change = (by: 1 | -1) => {
        for (let from = 0; from < simulation.places; from++) {
          for (let to = 0; to < simulation.places; to++) {
            if (fault.side.includes(from) !== fault.side.includes(to)) simulation.network.cut(from, to, by);
          }
        }
      };
      change(1);
      after(() => change(-1));
      break;
    }
    case 'slow':
      simulation.network.slow(fault.from, fault.to, 1);
      after(() => simulation.network.slow(fault.from, fault.to, -1));
      break;
    case 'narrow':
      simulation.network.narrow(fault.from, fault.to, 1);
      after(() => simulation.network.narrow(fault.from, fault.to, -1));
      break;
    case 'false-epoch':
      if (target !== undefined) noteEpoch(target.node, fault.epoch);
      break;
    case 'drop':
      simulation.network.dropping++;
      after(() => void simulation.network.dropping--);
      break;
    case 'duplicate':
      simulation.network.duplicating++;
      after(() => void simulation.network.duplicating--);
      break;
    case 'second-token':
      sendSecondToken(simulation, target);
      break;
    case 'reset':
      simulation.network.reset(fault.from, fault.to);
      break;
    case 'jump':
      if (target !== undefined) jumpClock(simulation, target, fault.by);
      break;
    case 'time-out':
      if (target !== undefined) {
        simulation.dispatch(target, { type: 'timer', at: 0, timer: fault.timer, key: fault.key });
      }
      break;
    case 'impostor':
      if (target !== undefined) simulation.start(fault.node, true);
      break;
    case 'join':
      simulation.start(fault.node);
      break;
    case 'leave':
      if (target === undefined) break;
      simulation.dispatch(target, { type: 'leave', at: 0 });
      after(() => restartWhenGone(simulation, target));
      break;
  }
  simulation.changed();
}

/** The operator waits until the process has ended, and starts it again. */
function restartWhenGone(simulation: Simulation, process: Process): void {
  if (!process.running) simulation.restart(process.id);
  else simulation.at(simulation.now + CHECK_INTERVAL_MS, () => restartWhenGone(simulation, process));
}

/** The neighbour that the last token came from sends it again, as a new frame. */
function sendSecondToken(simulation: Simulation, target: Process | undefined): void {
  const last = target?.lastToken;
  if (target === undefined || last === undefined) return;
  const from = target.node.links.get(last.link)?.id;
  const sender = simulation.processes.find(({ id, running }) => id === from && running);
  const peer = sender?.node.peers.get(target.id);
  if (sender === undefined || peer === undefined) return;
  simulation.force(sender, (node) => void sendTo(node, peer, { ...last.frame }));
}

function jumpClock(simulation: Simulation, target: Process, by: number): void {
  target.ahead += by;
  for (const name of [...target.timers.keys()]) {
    if (!target.timers.delete(name)) continue;
    const [timer, key] = name.split(':');
    const event = { type: 'timer', at: 0, timer, key: Number(key) } as Parameters<Simulation['dispatch']>[1];
    simulation.dispatch(target, event);
  }
}
