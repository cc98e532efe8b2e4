package dev.sluice;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Callers who ask for one signed URL after another, and the record of what they were answered. */
final class Load {

    private final ExecutorService callers;
    private final Map<String, AtomicInteger> admitted = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> refused = new ConcurrentHashMap<>();
    private final Map<String, Integer> admittedAtFirstRefusal = new ConcurrentHashMap<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private volatile boolean stopped;

    private Load(int callers) {
        this.callers = Executors.newFixedThreadPool(callers);
    }

    /**
     * Asks once for each user, and then goes on by itself.
     *
     * @param keys an API key by user; the callers take the users in turn
     */
    static Load start(Stack stack, Map<String, String> keys, int callers) {
        Load load = new Load(callers);
        List<Map.Entry<String, String>> users = new ArrayList<>(keys.entrySet());
        keys.forEach((user, key) -> load.ask(stack, user, key, "first.png"));
        for (int i = 0; i < callers; i++) {
            load.callers.execute(() -> {
                while (!load.stopped) {
                    int n = load.asked.getAndIncrement();
                    Map.Entry<String, String> user = users.get(n % users.size());
                    load.ask(stack, user.getKey(), user.getValue(), n + ".png");
                }
            });
        }
        return load;
    }

    private void ask(Stack stack, String user, String key, String filename) {
        try {
            Answer answer = stack.sign(key, filename);
            if (answer.status() == 200) {
                admitted.computeIfAbsent(user, name -> new AtomicInteger()).incrementAndGet();
            } else if (answer.code().equals("QUOTA_EXCEEDED")) {
                admittedAtFirstRefusal.putIfAbsent(user, admitted(user));
                refused.computeIfAbsent(user, name -> new AtomicInteger()).incrementAndGet();
            } else {
                failures.add(answer.status() + " " + answer.body());
            }
        } catch (RuntimeException e) {
            failures.add(e.toString());
        }
        answered.incrementAndGet();
    }

    /** Answers of any kind so far. */
    int answered() {
        return answered.get();
    }

    /** Answers 200 so far. */
    int admitted(String user) {
        return count(admitted, user);
    }

    /** Answers QUOTA_EXCEEDED so far. */
    int refused(String user) {
        return count(refused, user);
    }

    /** Answers 200 before the first QUOTA_EXCEEDED, those of other callers that were under way then left out. */
    int admittedAtFirstRefusal(String user) {
        return admittedAtFirstRefusal.getOrDefault(user, admitted(user));
    }

    private static int count(Map<String, AtomicInteger> counts, String user) {
        AtomicInteger count = counts.get(user);
        return count == null ? 0 : count.get();
    }

    /** Answers that were neither 200 nor QUOTA_EXCEEDED. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    /** Waits for the answers to what was asked. */
    void stop() {
        stopped = true;
        callers.shutdown();
        try {
            if (!callers.awaitTermination(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("A request is not answered for a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
