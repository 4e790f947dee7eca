/* The game client of Troupe for C, and for every language that can call C. docs/sdk.md.
 *
 * Errors: functions that can fail return a troupe_status; troupe_client_error() has it in words. No
 * function throws, aborts on what a server sends, or prints.
 * Threads: a client, or lobby, belongs to one thread at a time; different ones may live on
 * different threads. Nothing runs in the background: all happens in …_service().
 * Lifetimes: what is passed in is copied before the function returns. Pointers that come out of a
 * client are its own, and hold until the next call with the same client. NULL where a pointer is
 * expected is TROUPE_INVALID_ARGUMENT; …_destroy(NULL) does nothing.
 */
#ifndef TROUPE_CLIENT_H
#define TROUPE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TROUPE_API __attribute__((visibility("default")))
#else
#define TROUPE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header. The same major number: what was compiled against an older header runs. */
#define TROUPE_CLIENT_MAJOR 1
#define TROUPE_CLIENT_MINOR 0

/* Of the library: major << 16 | minor. */
TROUPE_API uint32_t troupe_client_version(void);

/* The numbers are those of docs/errors.md. */
typedef enum troupe_status {
  TROUPE_OK = 0,
  TROUPE_INVALID_ARGUMENT = 1,
  TROUPE_NOT_FOUND = 4,   /* there is none (yet) */
  TROUPE_CONFLICT = 5,    /* not in this state */
  TROUPE_OVERLOADED = 8,
  TROUPE_IO = 12,
  TROUPE_INTERNAL = 14
} troupe_status;

typedef enum troupe_state {
  TROUPE_CONNECTING = 0,
  TROUPE_PLAYING = 1,
  TROUPE_CLOSED = 2
} troupe_state;

/* Why the server ended it; docs/games.md. 0: it did not. */
typedef uint32_t troupe_goodbye;

/* What opens one connection: the answer of POST /api/v1/matches/{id}/join. */
typedef struct troupe_ticket {
  const char *host; /* an IPv4 address */
  const char *token;
  uint16_t port;
} troupe_ticket;

/* Asked, within troupe_client_service(), when the connection was lost. Fills `ticket` and returns 1,
 * or returns 0: none yet, to be asked again after a pause. The strings must hold until the function
 * is called again, or the client is destroyed. */
typedef int (*troupe_ticket_source)(void *user, troupe_ticket *ticket);

typedef struct troupe_client troupe_client;

/* Begins to connect; `tickets` may be NULL: then a lost connection is the end. On failure *client is
 * NULL and troupe_client_error(NULL) tells why, until the next call of this thread. */
TROUPE_API troupe_status troupe_client_connect(const troupe_ticket *ticket,
                                               troupe_ticket_source tickets, void *user,
                                               troupe_client **client);
/* Ends the connection, without waiting for the server, and frees all. */
TROUPE_API void troupe_client_destroy(troupe_client *client);
/* Says goodbye to the server; the state becomes TROUPE_CLOSED in a later service. */
TROUPE_API troupe_status troupe_client_disconnect(troupe_client *client);

/* Sends and receives; waits at most `wait_ms` for something to happen. Call it often: at least as
 * often as commands are due. */
TROUPE_API troupe_status troupe_client_service(troupe_client *client, uint32_t wait_ms);

TROUPE_API troupe_state troupe_client_state(const troupe_client *client);
TROUPE_API troupe_goodbye troupe_client_goodbye(const troupe_client *client);
/* The own slot; -1 before it is known. */
TROUPE_API int32_t troupe_client_slot(const troupe_client *client);
TROUPE_API int32_t troupe_client_tick_hz(const troupe_client *client);
/* The name of the match's game; "" before it is known. */
TROUPE_API const char *troupe_client_game(const troupe_client *client);
/* The last error of this client; of NULL, of this thread's troupe_client_connect. Never NULL. */
TROUPE_API const char *troupe_client_error(const troupe_client *client);

/* Microseconds until the next command is due after the last. */
TROUPE_API uint32_t troupe_client_command_period_us(const troupe_client *client);
/* Once each period: the command as the bytes of its game (docs/games.md), at most 15. When the
 * player saw the others is stamped on it. TROUPE_CONFLICT: not playing yet, or not any more.
 * TROUPE_INVALID_ARGUMENT: no command of this game. */
TROUPE_API troupe_status troupe_client_send(troupe_client *client, const uint8_t *command,
                                            size_t size);

/* A view of the match, whole: bytes of its game's frame (docs/games.md, "Watching"). */
typedef struct troupe_view {
  const uint8_t *bytes;
  size_t size;
  uint32_t tick;
} troupe_view;

/* The newest, as the server made it. TROUPE_NOT_FOUND: none yet. */
TROUPE_API troupe_status troupe_client_latest(troupe_client *client, troupe_view *view);
/* As it is to be drawn, so many ticks behind the newest, between two views. Likewise. */
TROUPE_API troupe_status troupe_client_interpolated(troupe_client *client, double behind_ticks,
                                                    troupe_view *view);
/* Where the own player is, as predicted, in 1/256 units. TROUPE_NOT_FOUND: that is not predicted. */
TROUPE_API troupe_status troupe_client_predicted(troupe_client *client, int32_t *x, int32_t *y);
/* Where the server is now, in ticks. TROUPE_NOT_FOUND: not known yet. */
TROUPE_API troupe_status troupe_client_server_tick(troupe_client *client, double *tick);

typedef enum troupe_event_kind {
  TROUPE_EVENT_STATE = 1,       /* value: the troupe_state */
  TROUPE_EVENT_SNAPSHOT = 2,    /* value: the newest tick */
  TROUPE_EVENT_RECONNECTED = 3, /* value: how often by now */
  TROUPE_EVENT_RESULT = 4       /* value: rows of the result */
} troupe_event_kind;

typedef struct troupe_event {
  troupe_event_kind kind;
  uint32_t value;
} troupe_event;

/* What happened in services, oldest first: 1, or 0 when there is no more. At most 64 are kept, the
 * newest; of snapshots one a service. */
TROUPE_API int troupe_client_next_event(troupe_client *client, troupe_event *event);

typedef struct troupe_placement {
  const char *player;
  uint32_t place; /* from 1; equal scores share one */
  uint32_t score;
} troupe_placement;

/* A row of the result, best first, once the match is over. TROUPE_NOT_FOUND: no such row. */
TROUPE_API troupe_status troupe_client_result(troupe_client *client, size_t row,
                                              troupe_placement *placement);

typedef struct troupe_statistics {
  size_t size; /* to be set to sizeof(troupe_statistics): newer libraries fill no more than that */
  uint64_t snapshots, snapshot_bytes;
  uint64_t undecodable; /* the baseline was not there any more; a full snapshot follows */
  uint64_t mismatches;  /* decoded to another state than the server has, and repaired */
  uint64_t corrections; /* the server's place differed from the predicted one */
  uint64_t commands, held, reconnects, lost_ticks;
  double round_trip_ms, jitter_ms, longest_silence_ms;
  double waiting; /* own commands at the server that wait for their tick */
  uint32_t largest_correction, largest_divergence; /* 1/256 units on an axis */
} troupe_statistics;

TROUPE_API troupe_status troupe_client_statistics(const troupe_client *client,
                                                  troupe_statistics *statistics);

/* --- Matchmaking --------------------------------------------------------------------------------
 * Waits for a match while connected (docs/matchmaking.md, "The lobby"). */

typedef struct troupe_lobby troupe_lobby;

/* `ticket`: the answer of POST /api/v1/matchmaking/queue/token. As troupe_client_connect. */
TROUPE_API troupe_status troupe_lobby_connect(const troupe_ticket *ticket, troupe_lobby **lobby);
/* The ticket in the queue outlives it for a while (matchmaking.away_s). */
TROUPE_API void troupe_lobby_destroy(troupe_lobby *lobby);
TROUPE_API troupe_status troupe_lobby_service(troupe_lobby *lobby, uint32_t wait_ms);
/* 1 once the connection is over; troupe_lobby_goodbye tells why. */
TROUPE_API int troupe_lobby_closed(const troupe_lobby *lobby);
TROUPE_API troupe_goodbye troupe_lobby_goodbye(const troupe_lobby *lobby);
TROUPE_API const char *troupe_lobby_error(const troupe_lobby *lobby);

typedef struct troupe_region_ping {
  const char *region;
  uint16_t ms;
} troupe_region_ping;

typedef struct troupe_queue_wish {
  size_t size; /* to be set to sizeof(troupe_queue_wish) */
  const char *mode;
  const troupe_region_ping *pings; /* to other regions than the host's */
  size_t ping_count;
  const char *const *party; /* the others */
  size_t party_count;
  const char *const *roles;
  size_t role_count;
  int auto_accept;
} troupe_queue_wish;

/* Into a queue, once the first state was told. */
TROUPE_API troupe_status troupe_lobby_enter(troupe_lobby *lobby, const troupe_queue_wish *wish);
/* Yes (1) or no (0) to the party, or to the match; no at any other time leaves the queue. */
TROUPE_API troupe_status troupe_lobby_answer(troupe_lobby *lobby, int accept);

typedef struct troupe_queue_state {
  size_t size;       /* to be set to sizeof(troupe_queue_state) */
  const char *state; /* "none", "refused", "forming", "queued", "proposed", "starting", "matched", "ended" */
  const char *reason, *ticket, *mode, *region;
  uint64_t deadline_ms; /* Unix time, to answer; 0: none */
  uint32_t ping_ms;     /* to the host, as the server measured it */
  uint32_t team;        /* once matched; and with it what follows */
  const char *match;
  troupe_ticket game; /* for troupe_client_connect */
} troupe_queue_state;

/* Where the own ticket stands. TROUPE_NOT_FOUND: the server has told nothing yet. */
TROUPE_API troupe_status troupe_lobby_state(troupe_lobby *lobby, troupe_queue_state *state);

/* --- The arena -------------------------------------------------------------------------------- */

typedef struct troupe_arena_command {
  int8_t move_x, move_y; /* -1, 0, 1 */
  uint8_t aim;           /* of 256 directions, 0 east, 64 south */
  uint8_t fire;          /* 0 or 1 */
  uint8_t weapon;        /* 0: projectiles, 1: hits at once */
} troupe_arena_command;

#define TROUPE_ARENA_COMMAND_BYTES 5
TROUPE_API troupe_status troupe_arena_pack(const troupe_arena_command *command,
                                           uint8_t bytes[TROUPE_ARENA_COMMAND_BYTES]);

typedef struct troupe_arena_player {
  uint8_t slot, alive, aim, health;
  uint16_t score, x, y; /* 1/256 units */
} troupe_arena_player;

typedef struct troupe_arena_projectile {
  uint16_t id, x, y;
  uint8_t aim;
} troupe_arena_projectile;

/* The rows of a view of the arena: how many there are, and row by row. TROUPE_INVALID_ARGUMENT: that
 * is no view of the arena. TROUPE_NOT_FOUND: no such row. */
TROUPE_API troupe_status troupe_arena_count(const troupe_view *view, size_t *players,
                                            size_t *projectiles);
TROUPE_API troupe_status troupe_arena_player_at(const troupe_view *view, size_t row,
                                                troupe_arena_player *player);
TROUPE_API troupe_status troupe_arena_projectile_at(const troupe_view *view, size_t row,
                                                    troupe_arena_projectile *projectile);

#ifdef __cplusplus
}
#endif

#endif /* TROUPE_CLIENT_H */
