{#
  Policy tag -> its id, as Terraform made it: the JSON object in the environment variable POLICY_TAG_IDS. {} without it.

  What cannot be right stops a run on every target. A tag works on tables of its own location only:
  https://cloud.google.com/bigquery/docs/column-level-security-intro#location_considerations
#}
{% macro policy_tag_ids() -%}
    {%- set given = env_var('POLICY_TAG_IDS', '') -%}
    {%- set ids = fromjson(given, none) if given else {} -%}
    {%- if ids is not mapping -%}
        {%- do exceptions.raise_compiler_error(
            'POLICY_TAG_IDS is no JSON object of policy tags and their ids: ' ~ given | truncate(60) ~ '. ' ~ where_policy_tags_are()
        ) -%}
    {%- endif -%}
    {%- set shape = 'projects/[^/]+/locations/' ~ target.location ~ '/taxonomies/[^/]+/policyTags/[^/]+$' -%}
    {%- for tag, id in ids.items() if not modules.re.match(shape, id | string) -%}
        {%- do exceptions.raise_compiler_error(
            'POLICY_TAG_IDS gives ' ~ tag ~ ' an id that is none of ' ~ target.location ~ ': ' ~ id | string | truncate(160)
            ~ '. It should be projects/<project>/locations/' ~ target.location ~ '/taxonomies/<number>/policyTags/<number>. '
            ~ where_policy_tags_are()
        ) -%}
    {%- endfor -%}
    {{ return(ids) }}
{%- endmacro %}


{% macro where_policy_tags_are() -%}
    {%- set command = var('policy_tag_commands').get(target.name, 'terraform output -json policy_tag_ids') -%}
    {{ return('Set it in dbt/: export POLICY_TAG_IDS="$(' ~ command ~ ')"') }}
{%- endmacro %}


{#
  The ids of the policy tags that a column of the project must have in the warehouse: its own `policy_tags`, else that of
  the tag of its class. [] for no tag, none for a tag whose id is not known.
#}
{% macro policy_tags_of(column, ids) -%}
    {%- set tag = column_meta(column).get('policy_tag') -%}
    {{ return(column.get('policy_tags') or ([] if not tag else [ids[tag]] if tag in ids else none)) }}
{%- endmacro %}

{% macro column_meta(column) -%}
    {{ return(column.get('config', {}).get('meta', {})) }}
{%- endmacro %}


{#
  Fails closed: before anything is built, and again before each table is made. On the targets in policy_tags_required a
  missing id stops the run; elsewhere a warning names it and the columns stay as they are.

  nodes: without it, those that the run selected. Views need no tags, nor ids, and neither does what only compiles: dbt
  compiles its hooks too.
#}
{% macro check_policy_tags(nodes=none) -%}
    {%- if execute and target.type == 'bigquery' and flags.WHICH not in ('compile', 'generate') -%}
        {%- set ids = policy_tag_ids() -%}
        {%- set missing = [] -%}
        {%- set selected = nodes or graph.nodes.values() | selectattr('unique_id', 'in', selected_resources) -%}
        {%- for node in selected if node.config.materialized != 'view' -%}
            {%- if node.language == 'python' and has_policy_tags(node) -%}
                {%- do exceptions.raise_compiler_error(node.name ~ ' has columns with policy tags: write it in SQL. Python writes its table itself, without tags.') -%}
            {%- endif -%}
            {%- for column in node.columns.values() -%}
                {%- set tag = column_meta(column).get('policy_tag') -%}
                {%- set class = column_meta(column).get('classification', 'none') -%}
                {%- if (tag or 'none') != class and not (tag or '').startswith(class ~ '_') -%}
                    {%- do exceptions.raise_compiler_error(
                        node.name ~ '.' ~ column.name ~ ' is classified ' ~ class ~ ' and names the policy tag ' ~ tag
                        ~ '. A tag is a class, or a class and its mask: ' ~ class ~ '_sha256.'
                    ) -%}
                {%- endif -%}
                {%- if policy_tags_of(column, ids) is none and tag not in missing -%}
                    {%- do missing.append(tag) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if missing -%}
            {%- set message = 'POLICY_TAG_IDS has no id for ' ~ missing | sort | join(', ') ~ '. ' ~ where_policy_tags_are() -%}
            {%- if target.name in var('policy_tags_required') -%}
                {%- do exceptions.raise_compiler_error(message) -%}
            {%- elif not nodes -%}
                {%- do exceptions.warn(message ~ '. Until then the columns stay as they are, readable by all readers of their dataset.') -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{# Column of a built model -> id of the policy tag that it should have, or none where the id is not known. #}
{% macro expected_policy_tags(relation) -%}
    {%- set expected = {} -%}
    {%- if execute -%}
        {%- set ids = policy_tag_ids() -%}
        {%- for node in graph.nodes.values() if [node.schema, node.alias] == [relation.schema, relation.identifier] -%}
            {%- for column in node.columns.values() -%}
                {%- set tags = policy_tags_of(column, ids) -%}
                {%- if tags != [] -%}
                    {%- do expected.update({column.name: tags[0] if tags else none}) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(expected) }}
{%- endmacro %}
