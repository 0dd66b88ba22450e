/*
 * Regeneration of a token, as in docs/ring.md, for Spin (https://spinroot.com).
 *
 *   spin -a ring.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * N nodes, one direction. At any time a token may be lost, a node may think that the token is lost although it is not, and
 * several may think so at once. Checked at every state: two members of the newest view never hold a token together, and no
 * epoch that a node has promised goes back. Without the purge lap (-DNO_PURGE for spin) the first of them fails.
 */
#define N 3
#define CLAIMS 3

#define EPOCH(round, id) ((round) * N + (id))

mtype = { CLAIM, PRESENT, PURGE, TOKEN };

/* Channels hold type, epoch, and who: the claimant of CLAIM and PURGE, the reporter of PRESENT. */
chan inbox[N] = [6] of { mtype, byte, byte };

byte promised[N];
/* The epoch whose purge a node has passed on; its tokens are taken. */
byte purged[N];
bool holds[N];
byte reports[N];
byte claims = 0;
byte losses = 0;
/* The highest epoch whose token has been made. */
byte newest = 0;

inline forget() { holds[id] = false; reports[id] = 0 }

/* The newest token's view has all nodes in it here: a holder of it is alone. */
inline check() {
  byte other;
  other = 0;
  do
  :: other < N ->
     assert(!(holds[id] && other != id && holds[other]));
     other++
  :: else -> break
  od
}

inline claim() {
  byte round, to;
  round = promised[id] / N + 1;
  assert(EPOCH(round, id) > promised[id]);
  forget();
  promised[id] = EPOCH(round, id);
  to = 0;
  do
  :: to < N ->
     if
     :: to != id -> inbox[to]!CLAIM(promised[id], id)
     :: else
     fi;
     to++
  :: else -> break
  od
}

inline begin() {
#ifdef NO_PURGE
  purged[id] = promised[id];
  holds[id] = true;
  newest = promised[id];
  check()
#else
  purged[id] = promised[id];
  inbox[(id + 1) % N]!PURGE(promised[id], id)
#endif
}

proctype Node(byte id) {
  mtype type;
  byte epoch, who;

end:
  do
  :: atomic { inbox[id]?type(epoch, who) ->
     if
     :: type == CLAIM && epoch > promised[id] ->
        forget();
        promised[id] = epoch;
        inbox[who]!PRESENT(epoch, id)
     :: type == PRESENT && epoch == promised[id] && epoch % N == id && purged[id] != epoch ->
        reports[id]++;
#ifdef NO_PURGE
        /* A majority is enough to go on when no node waits for the others to have forgotten. */
        if
        :: reports[id] >= N / 2 -> begin()
        :: else
        fi
#else
        if
        :: reports[id] == N - 1 -> begin()
        :: else
        fi
#endif
     :: type == PURGE && epoch == promised[id] ->
        if
        :: who == id ->
           holds[id] = true;
           newest = epoch;
           check()
        :: else ->
           purged[id] = epoch;
           inbox[(id + 1) % N]!PURGE(epoch, who)
        fi
#ifdef NO_PURGE
     :: type == TOKEN && epoch >= promised[id] ->
#else
     :: type == TOKEN && epoch == promised[id] && purged[id] == epoch ->
#endif
        holds[id] = true;
        check()
     :: else
     fi;
     type = 0; epoch = 0; who = 0 }

  :: atomic { holds[id] ->
     holds[id] = false;
     inbox[(id + 1) % N]!TOKEN(promised[id], id) }

  /* The token is lost on its way, or with the frame that it came in. */
  :: atomic { holds[id] && losses < 1 ->
     losses++;
     holds[id] = false }

  /* A timer runs out, rightly or not. */
  :: atomic { claims < CLAIMS ->
     claims++;
     claim() }
  od
}

init {
  byte at;
  atomic {
    holds[0] = true;
    at = 0;
    do
    :: at < N -> run Node(at); at++
    :: else -> break
    od
  }
}
