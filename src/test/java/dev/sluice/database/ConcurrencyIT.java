package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static dev.sluice.database.Event.outcome;
import static dev.sluice.database.Event.refund;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ConcurrencyIT {

    private static final int THREADS = 12;

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @Test
    void countsTheSameEventsOnceWhenManyApplyThemAtOnce() throws Exception {
        Event[] batch = IntStream.range(0, 40).mapToObj(i -> charge("alice")).toArray(Event[]::new);

        List<Callable<Object>> tasks = Collections.nCopies(THREADS, () -> edge.applyUsage(batch));

        Concurrently.run(tasks);

        assertThat(edge.current("alice")).isEqualTo(40);
    }

    @Test
    void neverWaitsInACircleWhateverTheOrderOfUsers() throws Exception {
        List<Callable<Object>> tasks = new ArrayList<>();
        String key = database.text(
                "insert into public.api_keys (user_id, key_hash) values ('user1', repeat('a', 64)) " + "returning id");
        for (int thread = 0; thread < THREADS; thread++) {
            List<Event[]> batches = new ArrayList<>();
            for (int batch = 0; batch < 10; batch++) {
                List<Event> events = new ArrayList<>();
                for (int user = 0; user < 20; user++) {
                    Event charge = charge("user" + user);
                    events.addAll(List.of(
                            charge,
                            charge("user" + user),
                            outcome("user" + user, true, 1).with("apiKeyId", key)));
                    events.add(refund(charge));
                }
                Collections.shuffle(events, new Random(thread * 100L + batch));
                batches.add(events.toArray(Event[]::new));
            }
            tasks.add(() -> {
                batches.forEach(edge::applyUsage);
                return "done";
            });
        }

        Concurrently.run(tasks);

        assertThat(database.number("select sum(current) from public.user_quotas"))
                .isEqualTo(THREADS * 10L * 20);
        assertThat(database.number("select sum(requests) from public.request_metrics"))
                .isEqualTo(THREADS * 10L * 20);
    }

    @Test
    void admitsExactlyTheLimitWhenManyReserveAtOnce() throws Exception {
        database.execute("insert into public.user_quotas (user_id, \"limit\") values ('alice', 50)");
        List<Callable<Long>> tasks = Collections.nCopies(
                THREADS,
                () -> IntStream.range(0, 10)
                        .mapToObj(i -> edge.reserve(charge("alice"), null))
                        .filter(answer -> answer.get("allowed").asBoolean())
                        .count());

        long admitted =
                Concurrently.run(tasks).stream().mapToLong(Long::longValue).sum();

        assertThat(admitted).isEqualTo(50);
        assertThat(edge.current("alice")).isEqualTo(50);
    }

    @Test
    void chargesOnceWhenStreamAndFallbackBringTheSameEventAtOnce() throws Exception {
        Event[] events = IntStream.range(0, 30).mapToObj(i -> charge("alice")).toArray(Event[]::new);
        List<Callable<Object>> tasks = new ArrayList<>();
        for (int i = 0; i < THREADS / 2; i++) {
            tasks.add(() -> Arrays.stream(events)
                    .map(event -> edge.reserve(event, 100L).get("allowed").asBoolean())
                    .toList());
            tasks.add(() -> edge.applyUsage(events));
        }

        List<Object> answers = Concurrently.run(tasks);

        assertThat(edge.current("alice")).isEqualTo(30);
        assertThat(answers.get(0)).isEqualTo(Collections.nCopies(30, true));
    }

    @Test
    void endsAPeriodOnceWhenManySeeItOver() throws Exception {
        database.execute("insert into public.user_quotas (user_id, current, period, period_ends_at) "
                + "values ('alice', 9, '1 day', now())");
        List<Callable<JsonNode>> tasks = Collections.nCopies(THREADS, () -> edge.edgeFacts("alice", null));

        assertThat(Concurrently.run(tasks))
                .allSatisfy(facts ->
                        assertThat(facts.get("quota").get("version").asLong()).isEqualTo(2));
    }

    @Test
    void makesAMissingPartitionOnceWhileOthersWrite() throws Exception {
        Instant threeDaysAgo = Instant.now().minus(Duration.ofDays(3));
        String day = threeDaysAgo.toString().substring(0, 10).replace("-", "");
        database.execute("drop table sluice.usage_events_" + day);
        List<Callable<Object>> tasks = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            String user = "user" + i;
            tasks.add(() -> edge.applyUsage(charge(user), charge(Event.idOf(threeDaysAgo), user, 1)));
        }

        Concurrently.run(tasks);

        assertThat(database.number("select sum(current) from public.user_quotas"))
                .isEqualTo(THREADS * 2L);
        assertThat(database.number("select count(*) from sluice.usage_events_" + day))
                .isEqualTo(THREADS);
    }
}
