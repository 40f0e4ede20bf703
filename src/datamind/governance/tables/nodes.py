"""The node types of sqlglot's tree that a statement may hold, and what each may carry."""

from __future__ import annotations

from sqlglot import exp

_WORDS = """
Select Union Except Intersect Subquery With CTE From Join Where Group Having Qualify Order Ordered
Limit Offset Fetch LimitOptions Distinct Window WindowSpec Table TableAlias Lateral Values Tuple
Unnest Cube Rollup GroupingSets
Column Identifier Star Alias Paren Literal Null Boolean Var ByteString
UnicodeString RawString National HexString
DataType DataTypeParam Interval Cast TryCast AtTimeZone Collate
And Or Not Xor EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like ILike SimilarTo Glob
Escape Exists Any All RegexpLike RegexpILike
Add Sub Mul Div IntDiv Mod Neg Pow DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot
BitwiseLeftShift BitwiseRightShift
Case If Bracket Slice Array Struct ToMap PropertyEQ Lambda Filter WithinGroup IgnoreNulls
RespectNulls Anonymous
JSONExtract JSONExtractScalar JSONBExtract JSONBExtractScalar JSONPath JSONPathRoot JSONPathKey
JSONPathSubscript JSONBContains JSONBContainsAllTopKeys JSONBContainsAnyTopKeys JSONKeyValue
ArrayContainsAll ArrayContainedBy ArrayOverlaps Comprehension ForIn
Abs Acos Acosh AnyValue ApproxDistinct ApproxQuantile ArgMax ArgMin ArrayAgg ArrayAppend
ArrayConcat ArrayContains ArrayDistinct ArrayFilter ArrayMax ArrayMin ArrayPosition ArrayPrepend
ArrayRemove ArrayReverse ArraySize ArraySlice ArraySort ArrayToString Ascii Asin Asinh Atan Atan2
Atanh Avg BitLength BitwiseAndAgg BitwiseOrAgg BitwiseXorAgg Cbrt Ceil Chr Coalesce Concat ConcatWs
Contains Corr Cos Cosh Cot Count CountIf CovarPop CovarSamp CumeDist CurrentDate CurrentTime
CurrentTimestamp Date DateAdd DateBin DateDiff DateFromParts DateSub DateTrunc Day DayOfMonth
DayOfWeek DayOfWeekIso DayOfYear Dayname Decode Degrees DenseRank Encode EndsWith Exp Explode
ExplodingGenerateSeries Extract Factorial First FirstValue Flatten Floor Format FromBase64
GenerateSeries Greatest GroupConcat Grouping GroupingId Hex Hour Initcap IsInf IsNan JSONArray
JSONArrayAgg JSONBObjectAgg JSONKeys JSONObject JSONObjectAgg JSONStripNulls JSONType
JarowinklerSimilarity JustifyDays JustifyHours JustifyInterval Kurtosis Lag Last LastDay LastValue
Lead Least Left Length Levenshtein Ln Localtime Localtimestamp Log LogicalAnd LogicalOr Lower MD5
MakeInterval Map MapFromEntries MapKeys Max Median Min Minute Mode Month Monthname Normalize
NthValue Ntile Nullif Overlay Pad ParseJSON PercentRank PercentileCont PercentileDisc Pi Quantile
Quarter Radians Rand Rank RegexpCount RegexpExtract RegexpExtractAll RegexpFullMatch RegexpInstr
RegexpReplace RegexpSplit RegexpSubstr RegrAvgx RegrAvgy RegrCount RegrIntercept RegrR2 RegrSlope
RegrSxx RegrSxy RegrSyy Repeat Replace Reverse Right Round RowNumber SHA SHA2 SHA2Digest Second
Sign Sin Sinh Skewness Split SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition
StrToDate StrToTime StringToArray StructExtract Substring Sum Tan Tanh Time TimeFromParts
TimeToStr TimeToUnix Timestamp TimestampFromParts TimestampTrunc ToBase64 ToBinary ToChar ToDays
ToNumber Transform Translate Trim Trunc Try Typeof Unhex Unicode UnixToTime Upper Variance
VariancePop Week WeekOfYear WidthBucket Year CurrentTimestampLTZ
AnonymousAggFunc CombinedAggFunc ParameterizedAgg CombinedParameterizedAgg LowerHex VarMap
PreWhere Kwarg Overlaps JSONBContainsTopKey JSONBDeleteAtPath JSONBPathExists BitString JSON
ArraySum ArrayCompact CityHash64 Soundex ParseDatetime
Columns Dot Final IntervalSpan Uuid MD5Digest YearOfWeekIso CastToStrType ApproxTopK
""".split()

NODES: frozenset[type[exp.Expr]] = frozenset(
    found for word in _WORDS if (found := getattr(exp, word, None)) is not None
)

# The clauses that the resolver knows; a node with any other is refused (locks, samples, pivots,
# SELECT INTO, hints, time travel, what a later sqlglot adds).
ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        exp.Select: "with_ expressions distinct from_ joins laterals where group having qualify prewhere"
        " windows order limit offset",
        exp.Union: "with_ this expression distinct by_name order limit offset",
        exp.Except: "with_ this expression distinct by_name order limit offset",
        exp.Intersect: "with_ this expression distinct by_name order limit offset",
        exp.Subquery: "with_ this alias joins order limit offset",
        exp.Table: "this db alias joins only",
        exp.TableAlias: "this columns",
        exp.CTE: "this alias materialized scalar",
        exp.With: "expressions recursive",
        exp.From: "this",
        exp.Join: "this side kind on using method expressions global_",
        exp.Lateral: "this alias",
        exp.Unnest: "expressions alias offset",
        exp.Columns: "this",
        exp.Final: "this",
        exp.Values: "expressions alias",
        exp.Group: "expressions all grouping_sets cube rollup totals",
        exp.Order: "this expressions",
        exp.Ordered: "this desc nulls_first",
        exp.Limit: "expression expressions",
        exp.Offset: "expression",
        exp.Fetch: "direction count limit_options",
        exp.LimitOptions: "rows with_ties",
        exp.Distinct: "expressions on",
        exp.Column: "this table db",
        exp.Star: "except_ replace rename",
        exp.Alias: "this alias",
        exp.Anonymous: "this expressions",
        exp.Cast: "this to",
        exp.TryCast: "this to safe",
        exp.In: "this expressions query unnest is_global",
        exp.Window: "this partition_by order spec alias over first",
        exp.Bracket: "this expressions offset safe returns_list_for_maps",
    }.items()
}
JOIN_WORDS = {
    "side": frozenset({"LEFT", "RIGHT", "FULL", "INNER", ""}),
    "kind": frozenset(
        {"INNER", "OUTER", "CROSS", "SEMI", "ANTI", "ARRAY", "ANY", "ALL", "ASOF", ""}
    ),
    "method": frozenset({"NATURAL", "ASOF", ""}),
}
TYPES: frozenset[exp.DType] = frozenset(
    getattr(exp.DType, word)
    for word in (
        "BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT UINT128 FLOAT"
        " DOUBLE DECIMAL CHAR NCHAR VARCHAR NVARCHAR TEXT BINARY VARBINARY BIT DATE TIME TIMETZ"
        " TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ TIMESTAMPLTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS"
        " DATETIME DATETIME64 DATE32 FIXEDSTRING LOWCARDINALITY INT256 UINT256 INTERVAL UUID JSON JSONB ARRAY LIST MAP BIGDECIMAL"
    ).split()
)
