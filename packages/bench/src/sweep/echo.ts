import { type Protocol, raw } from 'zocalo';

/** What is served while models are measured: every byte comes back as it came, and no frame is needed after that. */
const echo: Protocol<Buffer> = {
  name: 'echo',
  framing: raw(),
  keepsFrames: false,
  message: (bytes) => bytes,
};

export default echo;
