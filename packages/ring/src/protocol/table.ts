import type { StateName } from './state.ts';

/** What can happen to a node, apart from the operator's commands, its disk and its file, which are the same in every state. */
export const occurrences = [
  'HELLO',
  'WELCOME',
  'TOKEN',
  'DATA',
  'ACK',
  'PRESENT',
  'CLAIM',
  'PURGE',
  'VIEW',
  'BEACON',
  'JOIN',
  'LEAVE',
  'TERM',
  'timer connect',
  'timer link',
  'timer ack',
  'timer token',
  'timer gather',
  'timer settle',
  'timer claim',
  'timer pace',
  'timer exit',
  'link up',
  'peer lost',
] as const;
export type Occurrence = (typeof occurrences)[number];

/** The actions, each with what it does. `step.ts` carries them out. */
export const actions = {
  drop: 'nothing; a numbered frame is acknowledged all the same',
  answer: 'answer WELCOME, or the reason of the refusal',
  greet: 'the link is up, or refused; unacknowledged frames are sent again',
  release: 'release acknowledged frames',
  releaseGather:
    'release acknowledged frames; an acknowledged claim shows that the peer is reached, or is too old',
  releaseFinish: 'release acknowledged frames; when none is left, exit',
  take: 'drop another epoch and a number not above the last; hold the token, send, pass it on',
  relay: 'drop another epoch; strip, copy if addressed, send on; at the origin read A and C',
  report: 'a report of this epoch: collect it, or forward it towards the claimant',
  notice: 'of this epoch: note that a lane is not silent, or use a token that rests; pass it on',
  claim: 'above the epoch promised: promise it and pass it on; below: answer BEACON',
  purge:
    'of the promised epoch: set the neighbours, record the epoch, pass on; back at the claimant: send VIEW',
  view: 'of the promised epoch: the view is installed, pass on; back at the claimant: make the tokens',
  beacon: 'no majority: freeze; a higher epoch elsewhere: give up the own claim',
  join: 'unless the view has hardly begun, connect to the sender; claim if that link is up',
  depart: 'the peer is not connected to or counted any more; if a member: claim',
  term: 'pass it on to every link, exit when that is acknowledged',
  connect: 'connect to the peer again if it is wanted',
  checkLink: 'send again, give up the link, or prove it, whichever is due',
  acknowledge: 'send the ACKs that are due',
  checkTokens: 'a lane silent for too long: claim',
  abandon: 'the making of the view has failed: apart',
  decide: 'choose the ring from the reports and send PURGE, or freeze',
  settle: 'report whom this node reaches',
  seek: 'ask a member of a view to be added, or claim',
  closeGap: 'claim if the ends of the wrapped ring reach each other, else check again later',
  wake: 'the rested token is used',
  exit: 'exit',
  gather: 'record it; report again, or settle when all is known',
  neighbourUp: 'a member that is another process now, or a node that asked to join: claim',
  neighbourLost: 'a neighbour in the view: claim',
  seekSoon: 'seek a ring soon',
  announce: 'send TERM if there are no unacknowledged frames for the peer',
  finish: 'exit when nothing is left to acknowledge',
} as const;
export type Action = keyof typeof actions;

type Row = Record<Occurrence, Action>;

/** What every state does that is concerned with links only. */
const links = {
  HELLO: 'answer',
  WELCOME: 'greet',
  ACK: 'release',
  TERM: 'term',
  'timer connect': 'connect',
  'timer link': 'checkLink',
  'timer ack': 'acknowledge',
  'timer exit': 'drop',
} as const;

const outside = {
  ...links,
  TOKEN: 'drop',
  DATA: 'drop',
  PRESENT: 'drop',
  CLAIM: 'claim',
  PURGE: 'drop',
  VIEW: 'drop',
  BEACON: 'drop',
  JOIN: 'drop',
  LEAVE: 'depart',
  'timer token': 'drop',
  'timer gather': 'drop',
  'timer settle': 'drop',
  'timer claim': 'seek',
  'timer pace': 'drop',
  'link up': 'seekSoon',
  'peer lost': 'drop',
} as const satisfies Row;

const gathering = {
  ...outside,
  ACK: 'releaseGather',
  PRESENT: 'report',
  BEACON: 'beacon',
  'timer token': 'abandon',
  'timer settle': 'settle',
  'timer claim': 'drop',
  'link up': 'gather',
  'peer lost': 'gather',
} as const satisfies Row;

const ending = {
  ...outside,
  ACK: 'releaseFinish',
  CLAIM: 'drop',
  LEAVE: 'drop',
  'timer connect': 'drop',
  'timer claim': 'drop',
  'timer exit': 'exit',
  'link up': 'drop',
  'peer lost': 'finish',
} as const satisfies Row;

const nothing = Object.fromEntries(occurrences.map((occurrence) => [occurrence, 'drop'])) as Row;

/** Every state against every frame, time-out and change of a link. There are no empty cells. */
export const table: Readonly<Record<StateName, Readonly<Row>>> = {
  apart: { ...outside, 'link up': 'drop' },
  claiming: { ...gathering, 'timer gather': 'decide' },
  promised: { ...gathering, PURGE: 'purge' },
  purging: {
    ...outside,
    PURGE: 'purge',
    VIEW: 'view',
    'timer token': 'abandon',
    'timer claim': 'drop',
    'link up': 'neighbourUp',
    'peer lost': 'neighbourLost',
  },
  ring: {
    ...outside,
    TOKEN: 'take',
    DATA: 'relay',
    PRESENT: 'notice',
    VIEW: 'view',
    JOIN: 'join',
    'timer token': 'checkTokens',
    'timer claim': 'closeGap',
    'timer pace': 'wake',
    'link up': 'neighbourUp',
    'peer lost': 'neighbourLost',
  },
  frozen: outside,
  leaving: ending,
  stopping: { ...ending, TERM: 'drop', 'link up': 'announce' },
  ended: nothing,
};
