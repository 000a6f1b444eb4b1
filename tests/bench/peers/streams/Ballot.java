import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** A cast ballot as it is read: the JSON array that intake writes. One object is used again and again. */
final class Ballot {
    private static final JsonFactory JSON = new JsonFactory();
    static final int MAX_CONTESTS = 16;

    String id;
    String election;
    int elector;
    int section;
    long mac;
    int contests;
    final String[] papers = new String[MAX_CONTESTS];

    /** Returns whether the bytes are a ballot. */
    boolean read(byte[] value) {
        try (JsonParser parser = JSON.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_ARRAY || !"ballot-cast/1".equals(parser.nextTextValue())) {
                return false;
            }
            id = parser.nextTextValue();
            election = parser.nextTextValue();
            parser.nextToken();
            elector = parser.getIntValue();
            parser.nextToken();
            section = parser.getIntValue();
            parser.nextToken();
            mac = parser.getLongValue();
            if (id == null || id.length() != 32 || parser.nextToken() != JsonToken.START_ARRAY) {
                return false;
            }
            contests = 0;
            while (parser.nextToken() == JsonToken.VALUE_STRING && contests < MAX_CONTESTS) {
                papers[contests++] = parser.getText();
            }
            return true;
        } catch (IOException fault) {
            return false;
        }
    }
}
