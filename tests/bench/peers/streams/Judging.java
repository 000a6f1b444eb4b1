import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Judges the ballots of each record of a shard, counts first preferences, and publishes its counts ten times a second. */
final class Judging implements Processor<byte[], byte[], byte[], byte[]> {
    static final String VOTED = "voted";
    static final String COUNTS = "counts";
    private static final int MAX_REMEMBERED = 200_000;

    private final Terms terms;
    private final Pack pack = new Pack();
    private final Codes codes;
    private final Set<String> fitting = new HashSet<>();
    private final Map<String, Long> gathered = new HashMap<>();
    private final StringBuilder verdicts = new StringBuilder();
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Integer, byte[]> voted;
    private KeyValueStore<String, Long> counts;
    private boolean open;
    private long published = -1;

    Judging(Terms terms) {
        this.terms = terms;
        this.codes = new Codes(terms.key(), terms.roll());
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
        voted = context.getStateStore(VOTED);
        counts = context.getStateStore(COUNTS);
        context.schedule(Duration.ofMillis(100), PunctuationType.WALL_CLOCK_TIME, at -> publish(at));
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        byte[] value = record.value();
        verdicts.setLength(0);
        if (value.length > 0 && value[0] == '{') {
            control(new String(value, StandardCharsets.UTF_8));
        } else if (pack.read(value)) {
            judgePack();
        } else {
            gather("malformed");
            verdicts.append("[\"malformed\"]");
        }
        gather("judged");
        gathered.forEach((what, number) -> {
            Long before = counts.get(what);
            counts.put(what, before == null ? number : before + number);
        });
        gathered.clear();
        context.forward(record.withValue(verdicts.toString().getBytes(StandardCharsets.UTF_8)), "judged");
    }

    private void control(String text) {
        if (text.contains("election-opened/")) {
            open = true;
        } else if (text.contains("election-closed/")) {
            open = false;
        }
        verdicts.append("[\"control\"]");
    }

    private void judgePack() {
        codes.commit(pack);
        for (int i = 0; i < pack.ballots; i++) {
            String outcome = outcome(i);
            gather(outcome);
            verdicts.append(i == 0 ? "[[\"" : ",[\"").append(outcome).append('"');
            if ("accepted".equals(outcome)) {
                verdicts.append(',').append(pack.sections[i]);
                for (int contest = 0; contest < pack.contests; contest++) {
                    verdicts.append(",\"").append(pack.marks[contest][i]).append('"');
                }
            }
            verdicts.append(']');
        }
        verdicts.append(']');
    }

    private String outcome(int i) {
        int elector = pack.electors[i];
        if (!pack.election.equals(terms.election())) {
            return "unknown-election";
        }
        if (Integer.remainderUnsigned(elector, terms.shards()) != context.taskId().partition()) {
            return "wrong-shard";
        }
        if (elector < 0 || elector >= terms.electors()) {
            return "unknown-elector";
        }
        if (pack.sections[i] != 0) {
            return "unknown-section";
        }
        if (!codes.isGenuine(i, elector)) {
            return "bad-code";
        }
        if (!open) {
            return "closed";
        }
        int id = pack.ids + Pack.ID_BYTES * i;
        byte[] before = voted.get(elector);
        if (before != null) {
            boolean same = Arrays.equals(before, 0, Pack.ID_BYTES, pack.value, id, id + Pack.ID_BYTES);
            return same ? "same-ballot" : "already-voted";
        }
        if (pack.contests != terms.contests()) {
            return "unknown-contest";
        }
        for (int contest = 0; contest < pack.contests; contest++) {
            if (!fits(pack.marks[contest][i])) {
                return "bad-ranking";
            }
        }
        voted.put(elector, Arrays.copyOfRange(pack.value, id, id + Pack.ID_BYTES));
        for (int contest = 0; contest < pack.contests; contest++) {
            String marks = pack.marks[contest][i];
            int end = marks.indexOf('>');
            gather("first/" + contest + "/" + (end < 0 ? marks : marks.substring(0, end)));
        }
        return "accepted";
    }

    private boolean fits(String marks) {
        if (fitting.contains(marks)) {
            return true;
        }
        for (String rank : marks.split(">")) {
            int candidate = rank.isEmpty() ? 0 : Integer.parseInt(rank);
            if (candidate >= terms.candidates()) {
                return false;
            }
        }
        if (fitting.size() < MAX_REMEMBERED) {
            fitting.add(marks);
        }
        return true;
    }

    private void gather(String what) {
        gathered.merge(what, 1L, Long::sum);
    }

    private void publish(long at) {
        Long judged = counts.get("judged");
        if (judged == null || judged == published) {
            return;
        }
        published = judged;
        StringBuilder text = new StringBuilder("{\"shard\":").append(context.taskId().partition());
        try (var all = counts.all()) {
            while (all.hasNext()) {
                var entry = all.next();
                text.append(",\"").append(entry.key).append("\":").append(entry.value);
            }
        }
        byte[] value = text.append('}').toString().getBytes(StandardCharsets.UTF_8);
        context.forward(new Record<>(null, value, at), "counts");
    }
}
