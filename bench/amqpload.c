/*
 * Copyright The Leveret authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * amqpload: a lean AMQP 0-9-1 load generator, so that the broker and not the client is what is measured.
 *
 * Each producer and each consumer is a connection with a thread of its own. Producers send frames that were encoded once;
 * consumers look at frame headers only, and count. Latency is measured from a time of sending in the first 8 bytes of a
 * body, by one clock for all threads.
 *
 *     gcc -O2 -pthread -o amqpload amqpload.c
 *     amqpload [options]
 *
 *     -h HOST     the broker (127.0.0.1)
 *     -p PORT     its AMQP port (5672)
 *     -q QUEUE    the queue (bench)
 *     -Q N        spread over N queues, QUEUE-0 and so on (1)
 *     -x TYPE     x-queue-type of the queues
 *     -P N        producers (1)
 *     -C N        consumers (1)
 *     -s BYTES    size of a body (16)
 *     -d SECONDS  how long (5)
 *     -n N        messages per producer; the run then ends when all were delivered, or after -d. Without producers: ends
 *                 when N were delivered
 *     -r RATE     messages per second of each producer; 0 is full speed (0)
 *     -D          durable queue, persistent messages
 *     -w WINDOW   publish with confirms, WINDOW of them under way; 0 is without (0)
 *     -f COUNT    consume with acks and this prefetch count; 0 is auto-ack (0)
 *     -m N        one ack for N deliveries (a quarter of the prefetch count)
 *     -k          keep the queues: neither purge them first nor delete them afterwards
 *
 * Logs in as guest with password guest to vhost /. Prints one line of JSON with the keys of `leveret perf --json`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_METHOD = 1, FRAME_HEADER = 2, FRAME_BODY = 3, FRAME_HEARTBEAT = 8, FRAME_END = 0xCE };
enum { CONNECTION = 10, CHANNEL = 20, QUEUE = 50, BASIC = 60, CONFIRM = 85 };

/* Frame type, channel and size in front of the payload, and the end octet behind it. */
#define FRAME_HEAD 7
#define FRAME_OVERHEAD 8
#define DEFAULT_FRAME_MAX 131072
/* Latencies are counted in buckets of a microsecond; the last one takes all that are longer. */
#define LATENCY_BUCKETS 10000000
/* Unconfirmed messages whose time of sending is kept. */
#define SENT_TIMES (1 << 20)
/* Bytes that a producer sends at a time. */
#define BATCH_BYTES 65536
/* Deliveries that a consumer counts for itself before it adds them to the total. */
#define COUNT_BATCH 256
#define CONNECTIONS_MAX 1024
#define DRAIN_US 20000000ull
/* A consumer to which nothing came for so long acks what it has. */
#define IDLE_US 50000

static const char *host = "127.0.0.1", *port = "5672", *queue_name = "bench", *queue_type = NULL;
static int producers = 1, consumers = 1, body_bytes = 16, seconds = 5, durable = 0, window = 0, prefetch = 0;
static int rate = 0, queues = 1, ack_every_option = 0, keep = 0;
static long messages = 0;

static _Atomic long published, confirmed, delivered;
static _Atomic int stop_publishing, stop_consuming;
static _Atomic uint32_t *delivery_latency, *confirm_latency;

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void sleep_us(uint64_t us) {
  struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
  nanosleep(&t, NULL);
}

static void die(const char *what) {
  fprintf(stderr, "amqpload: %s:%s: %s: %s\n", host, port, what, strerror(errno));
  exit(1);
}

/* Big-endian numbers and strings. The writers move the pointer on. */

static void write8(uint8_t **p, unsigned v) { *(*p)++ = (uint8_t)v; }
static void write16(uint8_t **p, unsigned v) { write8(p, v >> 8); write8(p, v & 255); }
static void write32(uint8_t **p, uint32_t v) { write16(p, v >> 16); write16(p, v & 65535); }
static void write64(uint8_t **p, uint64_t v) { write32(p, (uint32_t)(v >> 32)); write32(p, (uint32_t)v); }

static void write_shortstr(uint8_t **p, const char *text) {
  size_t n = strlen(text);
  write8(p, (unsigned)n);
  memcpy(*p, text, n);
  *p += n;
}

static void write_longstr(uint8_t **p, const char *bytes, size_t n) {
  write32(p, (uint32_t)n);
  memcpy(*p, bytes, n);
  *p += n;
}

static unsigned read16(const uint8_t *p) { return (unsigned)(p[0] << 8 | p[1]); }
static uint32_t read32(const uint8_t *p) { return (uint32_t)read16(p) << 16 | read16(p + 2); }
static uint64_t read64(const uint8_t *p) { return (uint64_t)read32(p) << 32 | read32(p + 4); }

/* A connection. What was received and not used yet is buffer[used, length). */
typedef struct {
  int fd;
  uint8_t *buffer;
  size_t capacity, length, used;
  uint32_t frame_max;
} connection;

/* The payload of a frame: valid until the next one is read. */
typedef struct {
  int type;
  uint8_t *payload;
  uint32_t bytes;
} frame;

static void send_all(connection *c, const void *bytes, size_t n) {
  const uint8_t *p = bytes;
  while (n > 0) {
    ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) die("send");
    p += sent;
    n -= (size_t)sent;
  }
}

/* Receives more. Returns 0 when nothing came in time; a negative timeout waits for ever. */
static int receive(connection *c, int64_t timeout_us) {
  if (c->used > 0) {
    memmove(c->buffer, c->buffer + c->used, c->length - c->used);
    c->length -= c->used;
    c->used = 0;
  }
  if (c->length == c->capacity) {
    c->capacity *= 2;
    c->buffer = realloc(c->buffer, c->capacity);
  }
  if (timeout_us >= 0) {
    struct pollfd readable = {c->fd, POLLIN, 0};
    struct timespec timeout = {timeout_us / 1000000, timeout_us % 1000000 * 1000};
    if (ppoll(&readable, 1, &timeout, NULL) <= 0) return 0;
  }
  ssize_t n = recv(c->fd, c->buffer + c->length, c->capacity - c->length, 0);
  if (n <= 0) die("the broker closed the connection");
  c->length += (size_t)n;
  return 1;
}

/* The next whole frame. Returns 0 when none came in time. */
static int next_frame(connection *c, frame *f, int64_t timeout_us) {
  for (;;) {
    size_t have = c->length - c->used;
    uint8_t *head = c->buffer + c->used;
    if (have >= FRAME_HEAD && have >= read32(head + 3) + (size_t)FRAME_OVERHEAD) {
      f->type = head[0];
      f->bytes = read32(head + 3);
      f->payload = head + FRAME_HEAD;
      c->used += f->bytes + FRAME_OVERHEAD;
      return 1;
    }
    if (!receive(c, timeout_us)) return 0;
  }
}

static int is_method(const frame *f, unsigned class_id, unsigned method_id) {
  return f->type == FRAME_METHOD && read16(f->payload) == class_id && read16(f->payload + 2) == method_id;
}

static void die_if_closed(const frame *f) {
  if (!is_method(f, CONNECTION, 50) && !is_method(f, CHANNEL, 40)) return;
  const uint8_t *text = f->payload + 6;
  fprintf(stderr, "amqpload: closed by the broker: %u %.*s\n", read16(f->payload + 4), text[0], text + 1);
  exit(1);
}

static void send_method(connection *c, unsigned channel, unsigned class_id, unsigned method_id, const uint8_t *args,
                        size_t n) {
  uint8_t *bytes = malloc(n + FRAME_OVERHEAD + 4), *p = bytes;
  write8(&p, FRAME_METHOD);
  write16(&p, channel);
  write32(&p, (uint32_t)n + 4);
  write16(&p, class_id);
  write16(&p, method_id);
  if (n > 0) memcpy(p, args, n);
  p += n;
  write8(&p, FRAME_END);
  send_all(c, bytes, (size_t)(p - bytes));
  free(bytes);
}

static frame expect(connection *c, unsigned class_id, unsigned method_id) {
  frame f;
  do {
    next_frame(c, &f, -1);
    if (f.type == FRAME_METHOD) die_if_closed(&f);
  } while (!is_method(&f, class_id, method_id));
  return f;
}

static int connect_socket(void) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
  int failure = getaddrinfo(host, port, &hints, &addresses);
  if (failure) {
    fprintf(stderr, "amqpload: %s: %s\n", host, gai_strerror(failure));
    exit(1);
  }
  int fd = socket(addresses->ai_family, SOCK_STREAM, 0), one = 1;
  if (connect(fd, addresses->ai_addr, addresses->ai_addrlen)) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  freeaddrinfo(addresses);
  return fd;
}

/* Connects, logs in without heartbeats, and opens channel 1. */
static connection *open_connection(void) {
  connection *c = calloc(1, sizeof *c);
  c->capacity = 1 << 20;
  c->buffer = malloc(c->capacity);
  c->fd = connect_socket();
  send_all(c, "AMQP\0\0\11\1", 8);
  expect(c, CONNECTION, 10);

  uint8_t args[256], *p = args;
  write32(&p, 0); /* no client properties */
  write_shortstr(&p, "PLAIN");
  write_longstr(&p, "\0guest\0guest", 12);
  write_shortstr(&p, "en_US");
  send_method(c, 0, CONNECTION, 11, args, (size_t)(p - args));

  frame tune = expect(c, CONNECTION, 30);
  unsigned channel_max = read16(tune.payload + 4);
  c->frame_max = read32(tune.payload + 6);
  if (c->frame_max == 0) c->frame_max = DEFAULT_FRAME_MAX;
  p = args;
  write16(&p, channel_max);
  write32(&p, c->frame_max);
  write16(&p, 0);
  send_method(c, 0, CONNECTION, 31, args, (size_t)(p - args));

  p = args;
  write_shortstr(&p, "/");
  write_shortstr(&p, "");
  write8(&p, 0);
  send_method(c, 0, CONNECTION, 40, args, (size_t)(p - args));
  expect(c, CONNECTION, 41);

  p = args;
  write_shortstr(&p, "");
  send_method(c, 1, CHANNEL, 10, args, (size_t)(p - args));
  expect(c, CHANNEL, 11);
  return c;
}

static void queue_of(char *name, size_t capacity, int index) {
  if (queues == 1) snprintf(name, capacity, "%s", queue_name);
  else snprintf(name, capacity, "%s-%d", queue_name, index % queues);
}

static void declare_queue(connection *c, const char *name) {
  uint8_t args[512], *p = args;
  write16(&p, 0);
  write_shortstr(&p, name);
  write8(&p, durable ? 2 : 0);
  if (queue_type) {
    write32(&p, (uint32_t)(1 + strlen("x-queue-type") + 1 + 4 + strlen(queue_type)));
    write_shortstr(&p, "x-queue-type");
    write8(&p, 'S');
    write_longstr(&p, queue_type, strlen(queue_type));
  } else {
    write32(&p, 0);
  }
  send_method(c, 1, QUEUE, 10, args, (size_t)(p - args));
  expect(c, QUEUE, 11);
}

/* queue.purge (30) and queue.delete (40) have the same arguments here. */
static void on_every_queue(connection *c, unsigned method_id) {
  for (int i = 0; i < queues; i++) {
    uint8_t args[300], *p = args;
    char name[200];
    queue_of(name, sizeof name, i);
    write16(&p, 0);
    write_shortstr(&p, name);
    write8(&p, 0);
    send_method(c, 1, QUEUE, method_id, args, (size_t)(p - args));
    expect(c, QUEUE, method_id + 1);
  }
}

static void count_latency(_Atomic uint32_t *histogram, uint64_t us, uint32_t n) {
  if (us >= LATENCY_BUCKETS) us = LATENCY_BUCKETS - 1;
  atomic_fetch_add_explicit(&histogram[us], n, memory_order_relaxed);
}

/*
 * Reads confirms until none is left. `confirmed_tag` counts them; with `multiple` it is the highest tag. A batch of confirms
 * counts with the latency of its newest message.
 */
static void read_confirms(connection *c, long *confirmed_tag, int64_t timeout_us, const uint64_t *sent_us) {
  frame f;
  while (next_frame(c, &f, timeout_us)) {
    if (is_method(&f, BASIC, 80)) {
      long tag = (long)read64(f.payload + 4);
      int multiple = f.payload[12] & 1;
      long n = multiple ? (tag > *confirmed_tag ? tag - *confirmed_tag : 0) : 1;
      *confirmed_tag += n;
      atomic_fetch_add(&confirmed, n);
      count_latency(confirm_latency, now_us() - sent_us[tag % SENT_TIMES], (uint32_t)n);
    } else if (is_method(&f, BASIC, 120)) {
      fprintf(stderr, "amqpload: the broker refused a message with basic.nack\n");
      exit(1);
    } else if (f.type == FRAME_METHOD) {
      die_if_closed(&f);
    }
    timeout_us = 0;
    if (c->length - c->used < FRAME_OVERHEAD) break;
  }
}

/* A message as it goes over the wire. `body_at` is where its body begins. */
typedef struct {
  uint8_t *bytes;
  size_t length, body_at;
} encoded_message;

static uint8_t *begin_frame(uint8_t **p, int type) {
  write8(p, (unsigned)type);
  write16(p, 1);
  uint8_t *size = *p;
  write32(p, 0);
  return size;
}

static void end_frame(uint8_t **p, uint8_t *size) {
  write32(&size, (uint32_t)(*p - size - 4));
  write8(p, FRAME_END);
}

static encoded_message encode_message(const char *queue, uint32_t frame_max) {
  size_t piece_max = frame_max - FRAME_OVERHEAD, left = (size_t)body_bytes;
  encoded_message m = {malloc(512 + left + (left / piece_max + 1) * FRAME_OVERHEAD), 0, 0};
  uint8_t *p = m.bytes, *size = begin_frame(&p, FRAME_METHOD);
  write16(&p, BASIC);
  write16(&p, 40); /* basic.publish */
  write16(&p, 0);
  write_shortstr(&p, "");
  write_shortstr(&p, queue);
  write8(&p, 0);
  end_frame(&p, size);

  size = begin_frame(&p, FRAME_HEADER);
  write16(&p, BASIC);
  write16(&p, 0);
  write64(&p, (uint64_t)body_bytes);
  write16(&p, 0x1000); /* only delivery-mode */
  write8(&p, durable ? 2 : 1);
  end_frame(&p, size);

  m.body_at = (size_t)(p - m.bytes) + FRAME_HEAD;
  while (left > 0) {
    size_t piece = left < piece_max ? left : piece_max;
    size = begin_frame(&p, FRAME_BODY);
    memset(p, 'x', piece);
    p += piece;
    end_frame(&p, size);
    left -= piece;
  }
  m.length = (size_t)(p - m.bytes);
  return m;
}

/* Waits until message number `sent` is due at the wanted rate. */
static void wait_for_turn(connection *c, uint64_t start, long sent, long *confirmed_tag, const uint64_t *sent_us) {
  uint64_t due = start + (uint64_t)sent * 1000000 / (uint64_t)rate, now;
  while ((now = now_us()) < due) {
    if (window && *confirmed_tag < sent) read_confirms(c, confirmed_tag, (int64_t)(due - now), sent_us);
    else sleep_us(due - now);
  }
}

/* Returns when the broker has read all that was published: it answers channel.close behind it. */
static void close_channel(connection *c) {
  uint8_t args[8], *p = args;
  write16(&p, 200);
  write_shortstr(&p, "");
  write16(&p, 0);
  write16(&p, 0);
  send_method(c, 1, CHANNEL, 40, args, (size_t)(p - args));
  expect(c, CHANNEL, 41);
}

static void *produce(void *argument) {
  connection *c = open_connection();
  char queue[200];
  queue_of(queue, sizeof queue, (int)(intptr_t)argument);
  if (window) {
    uint8_t no_wait = 0;
    send_method(c, 1, CONFIRM, 10, &no_wait, 1);
    expect(c, CONFIRM, 11);
  }
  encoded_message m = encode_message(queue, c->frame_max);
  long batch_max = rate || m.length >= BATCH_BYTES ? 1 : (long)(BATCH_BYTES / m.length);
  if (window && batch_max > window) batch_max = window;
  uint8_t *batch = malloc(m.length * (size_t)batch_max);
  for (long i = 0; i < batch_max; i++) memcpy(batch + (size_t)i * m.length, m.bytes, m.length);

  uint64_t *sent_us = calloc(SENT_TIMES, sizeof *sent_us), start = now_us();
  long sent = 0, confirmed_tag = 0;
  while (!stop_publishing && (!messages || sent < messages)) {
    if (rate) wait_for_turn(c, start, sent, &confirmed_tag, sent_us);
    while (window && sent - confirmed_tag > window - batch_max) read_confirms(c, &confirmed_tag, 1000000, sent_us);
    long n = messages && messages - sent < batch_max ? messages - sent : batch_max;
    uint64_t now = now_us();
    for (long i = 0; body_bytes >= 8 && i < n; i++) memcpy(batch + (size_t)i * m.length + m.body_at, &now, 8);
    for (long i = 1; window && i <= n; i++) sent_us[(sent + i) % SENT_TIMES] = now;
    send_all(c, batch, m.length * (size_t)n);
    sent += n;
    atomic_fetch_add(&published, n);
  }
  uint64_t limit = now_us() + DRAIN_US;
  while (window && confirmed_tag < sent && now_us() < limit) read_confirms(c, &confirmed_tag, 100000, sent_us);
  if (!window) close_channel(c);
  return NULL;
}

static void start_consuming(connection *c, const char *queue) {
  uint8_t args[512], *p = args;
  if (prefetch) {
    write32(&p, 0);
    write16(&p, (unsigned)prefetch);
    write8(&p, 0);
    send_method(c, 1, BASIC, 10, args, (size_t)(p - args));
    expect(c, BASIC, 11);
  }
  p = args;
  write16(&p, 0);
  write_shortstr(&p, queue);
  write_shortstr(&p, "");
  write8(&p, prefetch ? 0 : 2);
  write32(&p, 0);
  send_method(c, 1, BASIC, 20, args, (size_t)(p - args));
  expect(c, BASIC, 21);
}

/* What a consumer knows of its deliveries. */
typedef struct {
  connection *c;
  uint64_t delivery_tag, remaining_bytes, now_us;
  long count, uncounted, unacked, ack_every;
  int first_body_frame;
} consumer;

static void count_deliveries(consumer *k) {
  if (k->uncounted) atomic_fetch_add(&delivered, k->uncounted);
  k->uncounted = 0;
}

static void ack(consumer *k) {
  uint8_t args[9], *p = args;
  write64(&p, k->delivery_tag);
  write8(&p, k->ack_every > 1);
  send_method(k->c, 1, BASIC, 80, args, sizeof args);
  k->unacked = 0;
}

static void finish_delivery(consumer *k) {
  k->count++;
  if (++k->uncounted >= COUNT_BATCH) count_deliveries(k);
  if (k->ack_every && ++k->unacked >= k->ack_every) ack(k);
}

static void on_body(consumer *k, const frame *f) {
  if (k->first_body_frame && f->bytes >= 8) {
    uint64_t sent;
    memcpy(&sent, f->payload, 8);
    /* Reading the clock costs as much as a delivery. What was sent after it was read last came while frames were taken apart. */
    if (!k->now_us || k->now_us < sent || (k->count & 63) == 0) k->now_us = now_us();
    count_latency(delivery_latency, k->now_us - sent, 1);
  }
  k->first_body_frame = 0;
  k->remaining_bytes -= f->bytes;
  if (k->remaining_bytes == 0) finish_delivery(k);
}

static void on_frame(consumer *k, const frame *f) {
  if (is_method(f, BASIC, 60)) {
    const uint8_t *consumer_tag = f->payload + 4;
    k->delivery_tag = read64(consumer_tag + 1 + consumer_tag[0]);
  } else if (f->type == FRAME_HEADER) {
    k->remaining_bytes = read64(f->payload + 4);
    k->first_body_frame = 1;
    if (k->remaining_bytes == 0) finish_delivery(k);
  } else if (f->type == FRAME_BODY) {
    on_body(k, f);
  } else if (f->type == FRAME_METHOD) {
    die_if_closed(f);
  }
}

static void *consume(void *argument) {
  consumer k = {.c = open_connection()};
  char queue[200];
  queue_of(queue, sizeof queue, (int)(intptr_t)argument);
  start_consuming(k.c, queue);
  if (prefetch) k.ack_every = ack_every_option ? ack_every_option : prefetch >= 8 ? prefetch / 4 : 1;
  while (!stop_consuming) {
    frame f;
    if (next_frame(k.c, &f, 0)) {
      on_frame(&k, &f);
      continue;
    }
    count_deliveries(&k);
    k.now_us = 0;
    if (next_frame(k.c, &f, IDLE_US)) on_frame(&k, &f);
    else if (k.unacked && k.ack_every > 1) ack(&k);
  }
  count_deliveries(&k);
  return NULL;
}

static double percentile_ms(_Atomic uint32_t *histogram, double share) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < LATENCY_BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < LATENCY_BUCKETS; i++) {
    seen += histogram[i];
    if ((double)seen >= share * (double)total) return i / 1000.0;
  }
  return LATENCY_BUCKETS / 1000.0;
}

static void print_latency(const char *key, _Atomic uint32_t *histogram) {
  uint64_t total = 0;
  for (int i = 0; i < LATENCY_BUCKETS; i++) total += histogram[i];
  if (total == 0) {
    printf(",\"%s\":null", key);
    return;
  }
  printf(",\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", key, percentile_ms(histogram, .5),
         percentile_ms(histogram, .99), percentile_ms(histogram, .999), percentile_ms(histogram, 1));
}

static void read_options(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "h:p:q:Q:x:P:C:s:d:n:r:Dw:f:m:k")) != -1) {
    switch (option) {
      case 'h': host = optarg; break;
      case 'p': port = optarg; break;
      case 'q': queue_name = optarg; break;
      case 'Q': queues = atoi(optarg); break;
      case 'x': queue_type = optarg; break;
      case 'P': producers = atoi(optarg); break;
      case 'C': consumers = atoi(optarg); break;
      case 's': body_bytes = atoi(optarg); break;
      case 'd': seconds = atoi(optarg); break;
      case 'n': messages = atol(optarg); break;
      case 'r': rate = atoi(optarg); break;
      case 'D': durable = 1; break;
      case 'w': window = atoi(optarg); break;
      case 'f': prefetch = atoi(optarg); break;
      case 'm': ack_every_option = atoi(optarg); break;
      case 'k': keep = 1; break;
      default: exit(2);
    }
  }
  if (producers > CONNECTIONS_MAX || consumers > CONNECTIONS_MAX || window > SENT_TIMES || strlen(queue_name) > 180) {
    fprintf(stderr, "amqpload: at most %d producers, %d consumers, a window of %d and 180 bytes of queue name\n",
            CONNECTIONS_MAX, CONNECTIONS_MAX, SENT_TIMES);
    exit(2);
  }
}

/* Until the time is over, or until all wanted messages were delivered. */
static void wait_for_end(const pthread_t *threads) {
  uint64_t limit = now_us() + (uint64_t)seconds * 1000000;
  if (messages && producers) {
    for (int i = 0; i < producers; i++) pthread_join(threads[i], NULL);
    limit = now_us() + (uint64_t)seconds * 1000000;
  }
  long wanted = messages ? messages * (producers ? producers : 1) : 0;
  while (now_us() < limit && (!wanted || (consumers && delivered < wanted))) usleep(2000);
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  delivery_latency = calloc(LATENCY_BUCKETS, sizeof *delivery_latency);
  confirm_latency = calloc(LATENCY_BUCKETS, sizeof *confirm_latency);

  connection *c = open_connection();
  for (int i = 0; i < queues; i++) {
    char name[200];
    queue_of(name, sizeof name, i);
    declare_queue(c, name);
  }
  if (!keep) on_every_queue(c, 30);

  pthread_t thread, threads[CONNECTIONS_MAX];
  uint64_t start = now_us(); /* without producers, consuming is all that is measured */
  for (int i = 0; i < consumers; i++) pthread_create(&thread, NULL, consume, (void *)(intptr_t)i);
  if (producers) {
    usleep(200000); /* until the consumers are there */
    start = now_us();
  }
  for (int i = 0; i < producers; i++) pthread_create(&threads[i], NULL, produce, (void *)(intptr_t)i);
  wait_for_end(threads);

  double elapsed = (double)(now_us() - start + 1) / 1e6; /* of nothing, for -d 0, there is no rate */
  long published_count = published, delivered_count = delivered, confirmed_count = confirmed;
  stop_publishing = 1;
  printf("{\"seconds\":%.3f,\"published\":%ld,\"delivered\":%ld,\"confirmed\":%ld", elapsed, published_count,
         delivered_count, confirmed_count);
  printf(",\"publishedPerSecond\":%.0f,\"deliveredPerSecond\":%.0f,\"confirmedPerSecond\":%.0f",
         (double)published_count / elapsed, (double)delivered_count / elapsed, (double)confirmed_count / elapsed);
  print_latency("latencyMs", delivery_latency);
  print_latency("confirmMs", confirm_latency);
  printf("}\n");
  fflush(stdout);
  for (int i = 0; i < producers; i++) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += DRAIN_US / 1000000;
    if (!messages) pthread_timedjoin_np(threads[i], NULL, &limit); /* what is under way belongs to this run, not to the next */
  }
  if (!keep) on_every_queue(c, 40);
  _exit(0); /* the threads are in the middle of something */
}
