/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/loop.h"

struct ClockTimer {
    GSource *source;
    ClockFunc func;
    void *data;
};

static int64_t loop_now(Clock *clock)
{
    return g_get_monotonic_time();
}

static gboolean timer_fire(void *data)
{
    ClockTimer *timer = data;

    timer->func(timer->data);
    return G_SOURCE_REMOVE;
}

static void timer_free(void *data)
{
    ClockTimer *timer = data;

    g_source_unref(timer->source);
    g_free(timer);
}

static ClockTimer *loop_start(Clock *clock, int64_t delay, ClockFunc func, void *data)
{
    ClockTimer *timer = g_new(ClockTimer, 1);

    *timer = (ClockTimer){ g_timeout_source_new(0), func, data };
    g_source_set_callback(timer->source, timer_fire, timer, timer_free);
    /* A timeout source counts milliseconds. Its ready time counts microseconds. */
    g_source_attach(timer->source, g_main_context_get_thread_default());
    g_source_set_ready_time(timer->source, g_get_monotonic_time() + MAX(delay, 0));
    return timer;
}

static void loop_cancel(Clock *clock, ClockTimer *timer)
{
    g_source_destroy(timer->source);
}

static void loop_clock_free(Clock *clock)
{
    g_free(clock);
}

Clock *loop_clock_new(void)
{
    static const ClockOps ops = { loop_now, loop_start, loop_cancel, loop_clock_free };
    Clock *clock = g_new(Clock, 1);

    clock->ops = &ops;
    return clock;
}

typedef struct LoopExecutor {
    Executor base;
    GMainContext *context;
    GThread *thread;     /* NULL before it is started */
    GAsyncQueue *orders; /* of Job. The executor itself in the queue ends the thread. */
    GQueue jobs;         /* of Job without a `done` call yet, for the owner's thread alone */
    GMutex lock;         /* protects Job.source */
    GCond worked;        /* signalled when a Job.source is set */
} LoopExecutor;

typedef struct Job {
    LoopExecutor *executor; /* NULL after the executor was freed */
    ExecutorFunc work, done;
    void *data;
    GSource *source; /* of the context. NULL while the work runs. */
} Job;

static gboolean job_on_done(void *data)
{
    g_autofree Job *job = data;

    if (job->executor) {
        g_queue_remove(&job->executor->jobs, job);
    }
    job->done(job->data);
    return G_SOURCE_REMOVE;
}

static void job_work(LoopExecutor *self, Job *job)
{
    g_autoptr(GSource) source = g_idle_source_new();

    job->work(job->data);
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, job_on_done, job, NULL);
    g_mutex_lock(&self->lock);
    job->source = source;
    g_source_attach(source, self->context); /* from here on the job may be freed */
    g_cond_broadcast(&self->worked);
    g_mutex_unlock(&self->lock);
}

static void *loop_worker(void *data)
{
    LoopExecutor *self = data;
    void *order;

    while ((order = g_async_queue_pop(self->orders)) != self) {
        job_work(self, order);
    }
    return NULL;
}

bool loop_executor_start(Executor *executor, GError **error)
{
    LoopExecutor *self = (LoopExecutor *)executor;

    if (!self->thread) {
        self->thread = g_thread_try_new("executor", loop_worker, self, error);
    }
    return self->thread != NULL;
}

/* Without a thread the owner does the work itself, and waits for it. */
static void loop_run(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data)
{
    LoopExecutor *self = (LoopExecutor *)executor;
    Job *job = g_new(Job, 1);

    *job = (Job){ self, work, done, data, NULL };
    g_queue_push_tail(&self->jobs, job);
    if (loop_executor_start(executor, NULL)) {
        g_async_queue_push(self->orders, job);
    } else {
        job_work(self, job);
    }
}

void loop_executor_drain(Executor *executor)
{
    LoopExecutor *self = (LoopExecutor *)executor;
    Job *job;

    while ((job = g_queue_peek_head(&self->jobs))) {
        g_mutex_lock(&self->lock);
        while (!job->source) {
            g_cond_wait(&self->worked, &self->lock);
        }
        g_mutex_unlock(&self->lock);
        g_source_destroy(job->source);
        job_on_done(job);
    }
}

static void loop_executor_free(Executor *executor)
{
    LoopExecutor *self = (LoopExecutor *)executor;
    Job *job;

    if (self->thread) {
        g_async_queue_push(self->orders, self);
        g_thread_join(self->thread);
    }
    g_async_queue_unref(self->orders);
    while ((job = g_queue_pop_head(&self->jobs))) {
        job->executor = NULL;
    }
    if (self->context) {
        g_main_context_unref(self->context);
    }
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->worked);
    g_free(self);
}

Executor *loop_executor_new(void)
{
    static const ExecutorOps ops = { loop_run, loop_executor_free };
    LoopExecutor *self = g_new0(LoopExecutor, 1);
    GMainContext *context = g_main_context_get_thread_default();

    self->base.ops = &ops;
    self->context = context ? g_main_context_ref(context) : NULL;
    self->orders = g_async_queue_new();
    g_queue_init(&self->jobs);
    g_mutex_init(&self->lock);
    g_cond_init(&self->worked);
    return &self->base;
}

GSource *loop_watch(int fd, GIOCondition condition, GUnixFDSourceFunc func, void *data)
{
    GSource *source = g_unix_fd_source_new(fd, condition);

    g_source_set_callback(source, G_SOURCE_FUNC(func), data, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

void loop_unwatch(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}
