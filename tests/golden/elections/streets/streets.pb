META
key;value
description;Four streets
country;Nowhere
unit;Four streets
instance;2026
num_projects;3
num_votes;6
budget;12
vote_type;approval
rule;equal shares
date_begin;2026
date_end;2026
PROJECTS
project_id;cost;name
hall;6;A roof for the hall
bench;2;Benches
slide;6;A slide
VOTES
voter_id;vote
1;hall,bench
2;hall,bench
3;hall
4;hall
5;slide
6;slide
