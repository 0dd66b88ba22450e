/*
 * Numbers and layouts of io_uring, from `include/uapi/linux/io_uring.h`. System calls from 424 on have the same numbers on x86-64
 * and arm64. Both are little-endian, which the word positions below rely on.
 */

export const SYS_IO_URING_SETUP = 425;
export const SYS_IO_URING_ENTER = 426;
export const SYS_IO_URING_REGISTER = 427;

/** Flags of io_uring_setup(2). */
export const IORING_SETUP_CQSIZE = 1 << 3;
export const IORING_SETUP_SUBMIT_ALL = 1 << 7;
export const IORING_SETUP_TASKRUN_FLAG = 1 << 9;
export const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
export const IORING_SETUP_DEFER_TASKRUN = 1 << 13;

/** `struct io_uring_params`: its size and the places of its members, in bytes. */
export const PARAMS_SIZE = 120;
export const params = {
  sqEntries: 0,
  cqEntries: 4,
  flags: 8,
  sqHead: 40,
  sqTail: 44,
  sqFlags: 56,
  sqArray: 64,
  cqHead: 80,
  cqTail: 84,
  cqCompletions: 100,
  cqFlags: 104,
} as const;

/** Where mmap(2) finds the rings (both in one mapping: IORING_FEAT_SINGLE_MMAP, Linux 5.4) and the submissions. */
export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x10000000;

/** Flags that the kernel sets in the submission ring. */
export const IORING_SQ_CQ_OVERFLOW = 1 << 1;
export const IORING_SQ_TASKRUN = 1 << 2;
/** The flag in the completion ring that keeps the registered eventfd quiet. */
export const IORING_CQ_EVENTFD_DISABLED = 1 << 0;

/** Flags of io_uring_enter(2). */
export const IORING_ENTER_GETEVENTS = 1 << 0;
export const IORING_ENTER_EXT_ARG = 1 << 3;
/** `struct io_uring_getevents_arg` in bytes, and where it has the address of its `struct timespec`. */
export const GETEVENTS_ARG = { size: 24, timespec: 16 };

/** Operations of io_uring_register(2). */
export const IORING_REGISTER_EVENTFD = 4;
export const IORING_REGISTER_FILES2 = 13;
export const IORING_REGISTER_PBUF_RING = 22;
/** `struct io_uring_rsrc_register`: its size, its members in bytes, and the flag that asks for a table without any entry yet. */
export const RSRC_REGISTER = { size: 32, count: 0, flags: 4 };
export const IORING_RSRC_REGISTER_SPARSE = 1 << 0;

/** Operations of a submission. */
export const IORING_OP_NOP = 0;
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_ACCEPT = 13;
export const IORING_OP_ASYNC_CANCEL = 14;
export const IORING_OP_FILES_UPDATE = 20;
export const IORING_OP_SEND = 26;
export const IORING_OP_RECV = 27;

/** Flags of a submission, in its second byte. */
export const IOSQE_FIXED_FILE = 1 << 0;
export const IOSQE_BUFFER_SELECT = 1 << 5;
export const IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

/** Flags of single operations: of receive in `ioprio`, of poll in `len`. */
export const IORING_RECVSEND_POLL_FIRST = 1 << 0;
export const IORING_RECV_MULTISHOT = 1 << 1;
export const IORING_POLL_ADD_MULTI = 1 << 0;

/** Flags of a completion. The number of the buffer that was taken stands in the upper 16 bits. */
export const IORING_CQE_F_MORE = 1 << 1;
export const IORING_CQE_F_SOCK_NONEMPTY = 1 << 2;
export const IORING_CQE_BUFFER_SHIFT = 16;

/** `struct io_uring_sqe` and `struct io_uring_cqe` in words of 32 bits. */
export const SQE_WORDS = 16;
export const CQE_WORDS = 4;

/** `struct io_uring_buf` in words: address (2), length, number (16 bits) and a reserved half, which in the first is the ring's tail. */
export const BUF_WORDS = 4;
/** `struct io_uring_buf_reg` in bytes. */
export const BUF_REG_SIZE = 40;
