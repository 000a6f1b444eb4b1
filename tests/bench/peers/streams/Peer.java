import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * The same judging and first-preference counts in Kafka Streams, exactly once:
 * {@code Peer BOOTSTRAP ID FOLDER CAST JUDGED COUNTS ELECTION SHARDS ELECTORS CONTESTS CANDIDATES KEY ROLL THREADS}.
 *
 * <p>State is held in memory and logged by Kafka Streams, which is faster here than RocksDB; counts are cached, so that
 * a commit writes each once.
 */
public final class Peer {
    public static void main(String[] args) throws InterruptedException, IOException {
        Terms terms = new Terms(
                args[6],
                Integer.parseInt(args[7]),
                Integer.parseInt(args[8]),
                Integer.parseInt(args[9]),
                Integer.parseInt(args[10]),
                HexFormat.of().parseHex(args[11]),
                Codes.ofRoll(Files.readAllBytes(Path.of(args[12]))));
        Properties settings = new Properties();
        settings.putAll(Map.of(
                StreamsConfig.APPLICATION_ID_CONFIG, args[1],
                StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0],
                StreamsConfig.STATE_DIR_CONFIG, args[2],
                StreamsConfig.NUM_STREAM_THREADS_CONFIG, args[13],
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2,
                StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest",
                StreamsConfig.consumerPrefix("max.poll.records"), "4000",
                StreamsConfig.consumerPrefix("max.partition.fetch.bytes"), "2097152",
                StreamsConfig.producerPrefix("batch.size"), "262144",
                StreamsConfig.producerPrefix("linger.ms"), "5"));
        KafkaStreams streams = new KafkaStreams(topology(terms, args[3], args[4], args[5]), settings);
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            ended.countDown();
        }));
        streams.start();
        ended.await();
    }

    private static Topology topology(Terms terms, String cast, String judged, String counts) {
        ByteArrayDeserializer in = new ByteArrayDeserializer();
        ByteArraySerializer out = new ByteArraySerializer();
        return new Topology()
                .addSource("cast", in, in, cast)
                .addProcessor("judging", () -> new Judging(terms), "cast")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(Judging.VOTED), Serdes.Integer(), Serdes.ByteArray()),
                        "judging")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                        Stores.inMemoryKeyValueStore(Judging.COUNTS), Serdes.String(), Serdes.Long())
                                .withCachingEnabled(),
                        "judging")
                .addSink("judged", judged, out, out, "judging")
                .addSink("counts", counts, out, out, "judging");
    }
}
