import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Judges each record of a shard, counts first preferences, and tells its counts ten times a second. */
final class Judging implements Processor<byte[], byte[], byte[], byte[]> {
    static final String VOTED = "voted";
    static final String COUNTS = "counts";
    private static final int MAX_REMEMBERED = 200_000;

    private final Terms terms;
    private final Ballot ballot = new Ballot();
    private final Blake2s codes;
    private final byte[] message = new byte[32];
    private final Set<String> fitting = new HashSet<>();
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Integer, String> voted;
    private KeyValueStore<String, Long> counts;
    private boolean open;
    private long told = -1;

    Judging(Terms terms) {
        this.terms = terms;
        this.codes = new Blake2s(terms.key());
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
        voted = context.getStateStore(VOTED);
        counts = context.getStateStore(COUNTS);
        context.schedule(Duration.ofMillis(100), PunctuationType.WALL_CLOCK_TIME, at -> tell(at));
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        String outcome = outcome(record.value());
        add("judged");
        add(outcome);
        String verdict = "accepted".equals(outcome)
                ? "[\"" + outcome + "\"," + ballot.section + ",\"" + ballot.papers[0] + "\",\"" + ballot.papers[1] + "\"]"
                : "[\"" + outcome + "\"]";
        context.forward(record.withValue(verdict.getBytes(StandardCharsets.UTF_8)), "judged");
    }

    private String outcome(byte[] value) {
        if (value.length > 0 && value[0] == '{') {
            return control(new String(value, StandardCharsets.UTF_8));
        }
        if (!ballot.read(value)) {
            return "malformed";
        }
        int shard = context.taskId().partition();
        if (!ballot.election.equals(terms.election())) {
            return "unknown-election";
        }
        if (ballot.elector % terms.shards() != shard) {
            return "wrong-shard";
        }
        if (ballot.elector >= terms.electors() || ballot.section != 0) {
            return "unknown-elector";
        }
        if (ballot.mac != mac(ballot.elector, ballot.section)) {
            return "bad-code";
        }
        if (!open) {
            return "closed";
        }
        String before = voted.get(ballot.elector);
        if (before != null) {
            return before.equals(ballot.id) ? "same-ballot" : "already-voted";
        }
        if (ballot.contests != terms.contests()) {
            return "unknown-contest";
        }
        for (int contest = 0; contest < ballot.contests; contest++) {
            if (!fits(ballot.papers[contest])) {
                return "bad-ranking";
            }
        }
        voted.put(ballot.elector, ballot.id);
        for (int contest = 0; contest < ballot.contests; contest++) {
            String marks = ballot.papers[contest];
            int end = marks.indexOf('>');
            add("first/" + contest + "/" + (end < 0 ? marks : marks.substring(0, end)));
        }
        return "accepted";
    }

    private String control(String text) {
        if (text.contains("\"election-opened/")) {
            open = true;
        } else if (text.contains("\"election-closed/")) {
            open = false;
        }
        return "control";
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

    private long mac(int elector, int section) {
        int length = digits(elector, 0);
        message[length++] = '/';
        length = digits(section, length);
        return codes.digest(message, length) >>> 4;
    }

    private int digits(int number, int at) {
        int length = 1;
        for (int rest = number / 10; rest > 0; rest /= 10) {
            length++;
        }
        for (int place = at + length - 1, rest = number; place >= at; place--, rest /= 10) {
            message[place] = (byte) ('0' + rest % 10);
        }
        return at + length;
    }

    private void add(String what) {
        Long before = counts.get(what);
        counts.put(what, before == null ? 1 : before + 1);
    }

    private void tell(long at) {
        Long judged = counts.get("judged");
        if (judged == null || judged == told) {
            return;
        }
        told = judged;
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
